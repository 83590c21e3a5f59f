#include "ledger/mysql/mysql_ledger.hpp"

#include <algorithm>
#include <chrono>

#include "core/check.hpp"
#include "ledger/mysql/mysql_batch.hpp"
#include "ledger/mysql/mysql_change.hpp"
#include "ledger/mysql/mysql_schema.hpp"
#include "ledger/mysql/mysql_secret.hpp"
#include "ledger/mysql/mysql_text.hpp"
#include "observe/log.hpp"

namespace firstcome {
namespace {

using Stopwatch = std::chrono::steady_clock;
constexpr std::string_view commit_seconds = "firstcome_commit_seconds";
constexpr std::string_view commit_help =
    "A batch's transaction: lock is taking the campaigns' locks and reading what others did, "
    "commit is writing, syncing and replicating.";
constexpr Monotonic follow_interval = std::chrono::milliseconds(100);
// While somebody waits for this server, or this one for another, to act on a change.
constexpr Monotonic follow_interval_short = std::chrono::milliseconds(10);
constexpr auto beat_interval = std::chrono::milliseconds(500);
// What a clock that jumped has hidden from the looks at the newest rows is found at the latest now.
constexpr auto look_at_all_interval = std::chrono::seconds(30);

}  // namespace

Result<std::unique_ptr<MysqlLedger>> MysqlLedger::open(MysqlPool& pool, bool migrate,
                                                       const MysqlCheckOptions& checks,
                                                       const Fingerprints& fingerprints,
                                                       const Clock& clock,
                                                       Metrics::Shard& metrics) {
  auto connection = pool.take();
  if (!connection) return std::unexpected(connection.error());
  const auto warnings = check_server(**connection, checks);
  if (!warnings) return std::unexpected(warnings.error());
  if (auto ok = prepare_schema(**connection, migrate); !ok) return std::unexpected(ok.error());
  if (auto ok = check_privileges(**connection); !ok) return std::unexpected(ok.error());
  const auto codes = secret(**connection, "code_key");
  if (!codes) return std::unexpected(codes.error());
  const auto cursors = secret(**connection, "cursor_key");
  if (!cursors) return std::unexpected(cursors.error());
  const auto name = secret(**connection, "ledger_name");
  if (!name) return std::unexpected(name.error());
  std::unique_ptr<MysqlLedger> ledger(
      new MysqlLedger(pool, {*codes, *cursors, *name}, fingerprints, *warnings, clock, metrics));
  const auto entered = ledger->nodes_.enter(**connection);
  if (!entered) return std::unexpected(to_error(entered.error(), "enter this server"));
  if (auto ok = ledger->mirror_.load(**connection); !ok) return std::unexpected(ok.error());
  return ledger;
}

MysqlLedger::MysqlLedger(MysqlPool& pool, const Secrets& secrets, const Fingerprints& fingerprints,
                         std::vector<std::string> warnings, const Clock& clock,
                         Metrics::Shard& metrics)
    : pool_(pool),
      codes_(secrets.codes),
      cursors_(secrets.cursors),
      warnings_(std::move(warnings)),
      name_(hex_text(secrets.name)),
      mirror_(codes_, fingerprints),
      nodes_(clock),
      leases_(nodes_, mirror_),
      lock_seconds_(
          metrics.histogram(commit_seconds, commit_help, seconds_bounds, {{"phase", "lock"}})),
      commit_seconds_(
          metrics.histogram(commit_seconds, commit_help, seconds_bounds, {{"phase", "commit"}})),
      repeats_(metrics.counter("firstcome_ledger_repeats_total",
                               "Transactions to repeat, after a deadlock or a lock wait.")),
      follow_failures_(metrics.counter("firstcome_ledger_follow_failures_total",
                                       "Looks after other servers that failed.")) {}

MysqlLedger::~MysqlLedger() {
  open_.reset();
  if (auto connection = pool_.take()) nodes_.leave(**connection);
}

void MysqlLedger::for_each_campaign(const std::function<void(const Campaign&)>& visit) const {
  mirror_.for_each([&](const Campaign& one, const IssuingRow&) { visit(one); });
}

const Campaign& MysqlLedger::campaign(CampaignNumber number) const {
  return mirror_.campaign(number);
}

Result<void> MysqlLedger::for_each_parked(const std::function<void(const ParkedClaim&)>& visit) {
  auto connection = pool_.take();
  if (!connection) return std::unexpected(connection.error());
  return mirror_.load_lines(**connection, visit);
}

std::optional<Standing> MysqlLedger::recall(CampaignNumber campaign,
                                            const Identity& identity) const {
  if (Stopwatch::now() >= fresh_until_.load(std::memory_order_acquire)) return std::nullopt;
  return mirror_.index().standing(campaign, identity);
}

Result<BatchState> MysqlLedger::state_for(std::span<Claim> due, std::span<Claim> arrivals) {
  if (lost_) return std::unexpected(*lost_);
  const auto start = Stopwatch::now();
  open_.reset();
  if (auto ok = begin(campaigns_of(due, arrivals)); !ok) return std::unexpected(ok.error());
  lock_seconds_.observe_since(start);
  if (auto ok = leases_.check(*open_->connection, open_->rows, due, arrivals); !ok) {
    open_.reset();
    return std::unexpected(ok.error());
  }
  give_tickets(arrivals);
  return state_of(due, arrivals);
}

Result<void> MysqlLedger::begin(std::span<const CampaignNumber> campaigns) {
  auto connection = pool_.take();
  if (!connection) return std::unexpected(connection.error());
  auto results = (*connection)->run("START TRANSACTION; " + lock_issuing(campaigns));
  if (!results) {
    const bool again = results.error().failure == MysqlFailure::retry;
    if (again) repeats_.add();
    const Error error = to_read_error(results.error(), "lock the campaigns");
    return fail(again ? ErrorCode::timeout : ErrorCode::unavailable, error.message);
  }
  MysqlRows& rows = results->back();
  if (rows.size() != campaigns.size()) {
    lose({ErrorCode::corrupt, "MySQL: a campaign has no row in `issuing`"});
    return std::unexpected(*lost_);
  }
  open_.emplace(Open{std::move(*connection), {}});
  while (rows.next()) {
    const IssuingRow row = read_mysql_issuing(rows);
    if (auto ok = mirror_.catch_up(*open_->connection, row); !ok) {
      open_.reset();
      if (ok.error().code == ErrorCode::corrupt) lose(ok.error());
      return ok;
    }
    open_->rows.emplace(row.campaign, row);
  }
  auto acted = check_acted_on();
  if (!acted) open_.reset();
  return acted;
}

// A desk that answers under older settings would say no to who has just won under these. Desks that
// nobody waits for answer nothing from memory.
Result<void> MysqlLedger::check_acted_on() {
  std::uint64_t newest = 0;
  for (const auto& [campaign, row] : open_->rows) newest = std::max(newest, row.change_seq);
  is_held_up_ = false;
  if (newest <= acted_on_) return {};
  if (auto looked = nodes_.look(*open_->connection); !looked) {
    return std::unexpected(to_read_error(looked.error(), "look after the other servers"));
  }
  is_held_up_ = shown_ < newest || !nodes_.all_act_on(newest);
  if (is_held_up_) return fail(ErrorCode::conflict, "not every server acts on a change yet");
  acted_on_ = newest;
  return {};
}

void MysqlLedger::give_tickets(std::span<Claim> arrivals) {
  for (Claim& claim : arrivals) {
    IssuingRow& row = open_->rows.at(claim.campaign);
    // Whoever parks the first claim runs the line, unless somebody does already.
    if (mirror_.campaign(claim.campaign).settings->mode == Mode::paced) {
      (void)leases_.lead(*open_->connection, row);
    }
    claim.epoch = row.epoch;
    // A queue that servers have in common has told its ticket already.
    const bool has_one = claim.reply_to.desk == ReplyTo::elsewhere;
    row.tickets = std::max(row.tickets + 1, has_one ? claim.ticket.value : 0);
    claim.ticket = Ticket{row.tickets};
  }
}

BatchState MysqlLedger::state_of(std::span<const Claim> due, std::span<const Claim> arrivals) {
  BatchState state;
  state.campaigns.reserve(due.size() + arrivals.size());
  state.standings.reserve(due.size() + arrivals.size());
  for (const auto claims : {due, arrivals}) {
    for (const Claim& claim : claims) {
      state.campaigns.push_back(&mirror_.campaign(claim.campaign));
      state.standings.push_back(mirror_.index().standing(claim.campaign, claim.identity));
    }
  }
  return state;
}

CommitResult MysqlLedger::commit(const BatchRows& rows) {
  CHECK(open_ || rows.empty(), "commit() without state_for()");
  if (rows.empty()) {
    open_.reset();  // rolls back
    return CommitResult::ok;
  }
  const auto start = Stopwatch::now();
  for (const CouponRow& row : rows.coupons) {
    open_->rows.at(row.campaign).issued = row.coupon.rank.value;
  }
  for (const Claim& claim : rows.parked) {
    open_->rows.at(claim.campaign).line_back = claim.ticket.value;
  }
  for (const Settlement& one : rows.settled) {
    open_->rows.at(one.campaign).line_front = one.ticket.value;
  }
  const std::vector<IssuingRow> issuing = issuing_rows();
  ++commit_number_;
  const auto coupons = insert_in_bulk(*open_->connection, rows.coupons);
  if (!coupons) return end_of(coupons.error(), false);
  const auto texts =
      batch_texts(*coupons, rows, issuing, {.node = nodes_.self(), .number = commit_number_},
                  open_->connection->text_size_max());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (auto done = open_->connection->run(texts[i]); !done) {
      return end_of(done.error(), i + 1 == texts.size());
    }
  }
  commit_seconds_.observe_since(start);
  note_gtid(open_->connection->last_gtid());
  open_.reset();
  mirror_.add_own(rows, issuing);
  return CommitResult::ok;
}

std::vector<IssuingRow> MysqlLedger::issuing_rows() const {
  std::vector<IssuingRow> rows;
  for (const auto& [campaign, row] : open_->rows) rows.push_back(row);
  return rows;
}

// What a failed text of a commit comes to; the connection goes back, rolled back or thrown away.
CommitResult MysqlLedger::end_of(const MysqlError& error, bool committing) {
  const std::vector<IssuingRow> issuing = issuing_rows();
  const bool unsure = committing && error.commit_may_have_landed();
  if (unsure) open_->connection->abandon();
  open_.reset();
  if (unsure) {
    log::warn(to_error(error, "hear whether a batch was committed").message);
    unsure_ = issuing;
    if (error.failure == MysqlFailure::other) lose(to_error(error, "commit a batch"));
    return CommitResult::unknown;
  }
  switch (error.failure) {
    case MysqlFailure::retry:
      repeats_.add();
      return CommitResult::retry;
    case MysqlFailure::duplicate:
      // Under the lock, and having read all there is, nothing can be there already.
      lose({ErrorCode::corrupt, to_error(error, "commit a batch").message});
      return CommitResult::unavailable;
    case MysqlFailure::disk:
    case MysqlFailure::too_large:
    case MysqlFailure::other:
      lose(to_error(error, "commit a batch"));
      return CommitResult::unavailable;
    case MysqlFailure::find_primary:
      pool_.renew();
      [[fallthrough]];
    case MysqlFailure::unknown:
    case MysqlFailure::too_many_connections:
    case MysqlFailure::exhausted:
    case MysqlFailure::denied:
      log::warn(to_error(error, "commit a batch").message);
      return CommitResult::unavailable;
  }
  CHECK(false, "a failure outside the enumeration");
}

Result<bool> MysqlLedger::landed(const BatchRows& rows) {
  CHECK(unsure_, "landed() without an unknown commit");
  // Whoever has the locks sees the transaction's end: it held them until then.
  std::vector<CampaignNumber> campaigns;
  for (const IssuingRow& row : *unsure_) campaigns.push_back(row.campaign);
  auto connection = pool_.take();
  if (!connection) return std::unexpected(connection.error());
  auto results = (*connection)
                     ->run("START TRANSACTION; " + lock_issuing(campaigns) + "; SELECT number, (" +
                           newest_gtid_query((*connection)->server()) +
                           ") FROM commits WHERE node = " + std::to_string(nodes_.self()));
  if (!results) return std::unexpected(to_read_error(results.error(), "look a commit up"));
  MysqlRows& number = results->back();
  if (!number.next()) {
    lose({ErrorCode::corrupt, "MySQL: this server has gone from `commits`"});
    return std::unexpected(*lost_);
  }
  const bool landed = number.natural(0) == commit_number_;
  if (landed) {
    note_gtid(number.text(1));
    mirror_.add_own(rows, *unsure_);
  }
  unsure_.reset();
  MysqlRows& issuing = (*results)[1];
  while (issuing.next()) {
    const auto caught_up = mirror_.catch_up(**connection, read_mysql_issuing(issuing));
    if (!caught_up && caught_up.error().code == ErrorCode::corrupt) lose(caught_up.error());
  }
  return landed;
}

Result<std::vector<Result<Ledger::Changed>>> MysqlLedger::change(
    std::span<const CampaignChange> changes) {
  if (lost_) return std::unexpected(*lost_);
  open_.reset();
  auto connection = pool_.take();
  if (!connection) return std::unexpected(connection.error());
  auto results = change_campaigns(**connection, mirror_, changes);
  if (!results && results.error().code == ErrorCode::corrupt) lose(results.error());
  if (!results) {
    forget_freshness();
    return results;
  }
  if (!(*connection)->in_transaction()) note_gtid((*connection)->last_gtid());  // it has committed
  changed_ = mirror_.change_seq();
  // Whoever came after this look has read the changes at its start.
  if (auto looked = nodes_.look(**connection); !looked) follow_failures_.add();
  return results;
}

News MysqlLedger::news() {
  shown_ = mirror_.change_seq();
  News news = mirror_.take_news();
  std::erase_if(news.lines, [this](CampaignNumber number) { return !runs_line(number); });
  return news;
}

bool MysqlLedger::all_act_on_changes() const {
  return nodes_.all_act_on(changed_);
}

std::optional<Monotonic> MysqlLedger::follow_every() const {
  const bool awaited = shown_ > told_ || is_held_up_ || !all_act_on_changes();
  return awaited ? follow_interval_short : follow_interval;
}

void MysqlLedger::follow() {
  if (lost_) return;
  open_.reset();
  is_held_up_ = false;  // unless the batch comes again
  // What the look before this one has read is on the board by now, all that was changed while
  // nobody waited for this server included.
  fresh_until_.store(looked_at_ + MysqlNodes::gone_after, std::memory_order_release);
  auto connection = pool_.take();
  if (!connection) return follow_failures_.add();
  if (auto beaten = beat_or_look(**connection); !beaten) return follow_failures_.add();
  const std::uint64_t opened = pool_.opened();
  using Look = MysqlMirror::Look;
  Result<void> followed = mirror_.follow_campaigns(**connection);
  if (followed) {
    const auto now = Stopwatch::now();
    const bool all = opened != opened_ || now - looked_at_all_ >= look_at_all_interval;
    followed = mirror_.follow_issuing(**connection, all ? Look::all : Look::newest);
    if (followed && all) looked_at_all_ = now;
  }
  if (!followed && followed.error().code == ErrorCode::corrupt) return lose(followed.error());
  if (!followed) {
    forget_freshness();
    return follow_failures_.add();
  }
  opened_ = opened;
  looked_at_ = beaten_at_;
  if (!leases_.take_orphans(**connection)) follow_failures_.add();
}

// Settings may have been read without the coupons before them.
void MysqlLedger::forget_freshness() {
  fresh_until_.store({}, std::memory_order_release);
}

MysqlResult<void> MysqlLedger::beat_or_look(MysqlConnection& connection) {
  const auto now = Stopwatch::now();
  const bool due = now - beaten_at_ >= beat_interval;
  if (!due && shown_ == told_)
    return all_act_on_changes() ? MysqlResult<void>{} : nodes_.look(connection);
  auto beaten = nodes_.beat(connection, shown_);
  if (!beaten) return beaten;
  told_ = shown_;
  beaten_at_ = now;
  return {};
}

bool MysqlLedger::runs_line(CampaignNumber campaign) const {
  return leases_.runs_line(campaign);
}

void MysqlLedger::note_gtid(std::string_view gtid) {
  const std::scoped_lock lock(gtid_mutex_);
  newest_gtid_ = gtid;
}

std::string MysqlLedger::newest_gtid() const {
  const std::scoped_lock lock(gtid_mutex_);
  return newest_gtid_;
}

void MysqlLedger::lose(const Error& error) {
  lost_ = error;
  open_.reset();
}

}  // namespace firstcome
