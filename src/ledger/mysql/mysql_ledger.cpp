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
// So often must nobody else have moved a campaign since this server's last look at it, before it is
// presumed that nobody has.
constexpr unsigned unmoved_min = 2;
// Of batches in bulk, that presume one after the other: each so many-th locks, so that it stands in
// line. Where they meet, the rows of the one that presumes are there first, and of a deadlock's two
// the database ends the other, the smaller.
constexpr std::uint64_t bulk_locks_every = 4;

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
                               "Transactions to repeat: after a deadlock, a lock wait, or another "
                               "server's that came in between.")),
      follow_failures_(metrics.counter("firstcome_ledger_follow_failures_total",
                                       "Looks after other servers that failed.")) {}

MysqlLedger::~MysqlLedger() {
  give_back();
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
  open_.reset();
  auto begun = begin(campaigns_of(due, arrivals), due.size() + arrivals.size());
  if (begun) begun = check_acted_on();
  if (begun) begun = leases_.check(open_->connection(), open_->rows(), due, arrivals);
  if (!begun) {
    open_.reset();
    if (begun.error().code == ErrorCode::corrupt) lose(begun.error());
    return std::unexpected(begun.error());
  }
  give_tickets(arrivals);
  return state_of(due, arrivals);
}

Result<void> MysqlLedger::begin(std::span<const CampaignNumber> campaigns, std::size_t claims) {
  auto connection = take_connection();
  if (!connection) return std::unexpected(connection.error());
  const bool presumes =
      !locks_next_ && may_presume(campaigns) && MysqlTransaction::can_presume(**connection, claims);
  if (!presumes) return lock(*std::move(connection), campaigns);
  std::vector<IssuingRow> rows;
  for (const CampaignNumber campaign : campaigns) rows.push_back(mirror_.row(campaign));
  open_.emplace(*std::move(connection), MysqlTransaction::Hold::presumed, std::move(rows));
  return {};
}

Result<MysqlLease> MysqlLedger::take_connection() {
  if (pool_.opened() != opened_) chained_.reset();
  if (!chained_) return pool_.take();
  MysqlLease connection = *std::move(chained_);
  chained_.reset();
  return connection;
}

// A connection opened since all campaigns were looked at may lead to a database that lacks some.
bool MysqlLedger::may_presume(std::span<const CampaignNumber> campaigns) const {
  return pool_.opened() == opened_ && std::ranges::all_of(campaigns, [this](auto campaign) {
           const auto found = unmoved_.find(campaign.value);
           return found != unmoved_.end() && found->second >= unmoved_min;
         });
}

Result<void> MysqlLedger::lock(MysqlLease connection, std::span<const CampaignNumber> campaigns) {
  const auto start = Stopwatch::now();
  auto results = connection->run("START TRANSACTION; " + lock_issuing(campaigns));
  if (!results) {
    const bool again = results.error().failure == MysqlFailure::retry;
    if (again) repeats_.add();
    const Error error = to_read_error(results.error(), "lock the campaigns");
    return fail(again ? ErrorCode::timeout : ErrorCode::unavailable, error.message);
  }
  MysqlRows& read = results->back();
  if (read.size() != campaigns.size()) {
    return fail(ErrorCode::corrupt, "MySQL: a campaign has no row in `issuing`");
  }
  std::vector<IssuingRow> rows;
  while (read.next()) {
    const IssuingRow row = read_mysql_issuing(read);
    unsigned& unmoved = unmoved_[row.campaign.value];
    unmoved = is_unmoved(mirror_.row(row.campaign), row) ? unmoved + 1 : 0;
    if (auto ok = mirror_.catch_up(*connection, row); !ok) return ok;
    rows.push_back(row);
  }
  open_.emplace(std::move(connection), MysqlTransaction::Hold::locked, std::move(rows));
  locks_next_ = false;
  lock_seconds_.observe_since(start);
  return {};
}

// A desk that answers under older settings would say no to who has just won under these. Desks that
// nobody waits for answer nothing from memory.
Result<void> MysqlLedger::check_acted_on() {
  std::uint64_t newest = 0;
  for (const auto& [campaign, row] : open_->rows()) newest = std::max(newest, row.change_seq);
  is_held_up_ = false;
  if (newest <= acted_on_) return {};
  if (auto looked = nodes_.look(open_->connection()); !looked) {
    return std::unexpected(to_read_error(looked.error(), "look after the other servers"));
  }
  is_held_up_ = shown_ < newest || !nodes_.all_act_on(newest);
  if (is_held_up_) return fail(ErrorCode::conflict, "not every server acts on a change yet");
  acted_on_ = newest;
  return {};
}

void MysqlLedger::give_tickets(std::span<Claim> arrivals) {
  for (Claim& claim : arrivals) {
    IssuingRow& row = open_->rows().at(claim.campaign);
    // Whoever parks the first claim runs the line, unless somebody does already.
    if (mirror_.campaign(claim.campaign).settings->mode == Mode::paced) {
      (void)leases_.lead(open_->connection(), row);
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
    // A no that no commit stands for rests on the lock.
    locks_next_ = open_ && open_->hold() == MysqlTransaction::Hold::presumed;
    open_.reset();  // rolls back
    return locks_next_ ? CommitResult::retry : CommitResult::ok;
  }
  const auto start = Stopwatch::now();
  ++commit_number_;
  using Next = MysqlTransaction::Next;
  const bool presumes = commit_number_ % bulk_locks_every != 0 && may_presume(open_->campaigns());
  const auto done = open_->commit(rows, {.node = nodes_.self(), .number = commit_number_},
                                  presumes ? Next::presumes : Next::locks);
  if (!done) return end_of(done.error());
  commit_seconds_.observe_since(start);
  note_gtid(open_->connection().last_gtid());
  mirror_.add_own(rows, open_->left());
  MysqlLease connection = std::move(*open_).release();
  open_.reset();
  if (connection->in_transaction()) chained_.emplace(std::move(connection));
  return CommitResult::ok;
}

// The connection goes back, rolled back or thrown away.
CommitResult MysqlLedger::end_of(const MysqlTransaction::Failure& failure) {
  const MysqlError& error = failure.error;
  const bool unsure = failure.committing && error.commit_may_have_landed();
  if (unsure) open_->connection().abandon();
  const std::vector<IssuingRow> left = open_->left();
  const bool presumed = open_->hold() == MysqlTransaction::Hold::presumed;
  open_.reset();
  if (unsure) {
    log::warn(to_error(error, "hear whether a batch was committed").message);
    unsure_ = {.number = commit_number_, .left = left};
    if (error.failure == MysqlFailure::other) lose(to_error(error, "commit a batch"));
    return CommitResult::unknown;
  }
  if (presumed && (moved_since(error) || error.failure == MysqlFailure::duplicate)) {
    for (const IssuingRow& row : left) unmoved_[row.campaign.value] = 0;
    repeats_.add();
    return CommitResult::retry;
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
  // Whoever has the locks sees the end of a transaction that held them.
  std::vector<CampaignNumber> campaigns;
  for (const IssuingRow& row : unsure_->left) campaigns.push_back(row.campaign);
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
  const bool landed = number.natural(0) == unsure_->number;
  if (landed) {
    note_gtid(number.text(1));
    mirror_.add_own(rows, unsure_->left);
  } else if (auto ok = give_up_commits(**connection); !ok) {
    return std::unexpected(ok.error());
  }
  unsure_.reset();
  MysqlRows& issuing = (*results)[1];
  while (issuing.next()) {
    const auto caught_up = mirror_.catch_up(**connection, read_mysql_issuing(issuing));
    if (!caught_up && caught_up.error().code == ErrorCode::corrupt) lose(caught_up.error());
  }
  return landed;
}

// One whose locks were presumed holds nothing before the database begins with it, which may be
// still to come. From now on it comes to nothing.
Result<void> MysqlLedger::give_up_commits(MysqlConnection& connection) {
  const auto done =
      connection.run("UPDATE commits SET number = " + std::to_string(++commit_number_) +
                     " WHERE node = " + std::to_string(nodes_.self()) + "; COMMIT");
  if (done) return {};
  connection.abandon();  // this, too, may land; the next one has a higher number
  return std::unexpected(to_read_error(done.error(), "give a commit up"));
}

Result<std::vector<Result<Ledger::Changed>>> MysqlLedger::change(
    std::span<const CampaignChange> changes) {
  if (lost_) return std::unexpected(*lost_);
  give_back();
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
  give_back();
}

void MysqlLedger::give_back() {
  open_.reset();
  chained_.reset();
}

}  // namespace firstcome
