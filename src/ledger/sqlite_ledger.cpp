#include "ledger/sqlite_ledger.hpp"

#include <sodium.h>
#include <sqlite3.h>

#include <chrono>
#include <limits>

#include "core/check.hpp"
#include "ledger/campaign_staging.hpp"
#include "ledger/sqlite_rows.hpp"
#include "ledger/sqlite_schema.hpp"
#include "ledger/sqlite_secret.hpp"

namespace firstcome {
namespace {

using Stopwatch = std::chrono::steady_clock;

constexpr std::string_view commit_seconds = "firstcome_commit_seconds";
constexpr std::string_view commit_help =
    "A batch's commit: write is begin and inserts, sync is writing and syncing the log.";

bool is_busy(sqlite3* database) {
  return (sqlite3_errcode(database) & 0xFF) == SQLITE_BUSY;
}

// WAL and full syncs, read back because SQLite ignores a pragma that it cannot honour.
Result<void> make_durable(const SqliteDatabase& database) {
  const Result<std::string> mode = database.query_text("PRAGMA journal_mode = WAL");
  if (!mode) return std::unexpected(mode.error());
  if (auto ok = database.execute("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0"); !ok) {
    return ok;
  }
  const Result<std::string> synchronous = database.query_text("PRAGMA synchronous");
  if (!synchronous) return std::unexpected(synchronous.error());
  if (*mode == "wal" && *synchronous == "2") return {};
  return fail(ErrorCode::unavailable, "SQLite cannot be made durable here: journal_mode is " +
                                          *mode + ", synchronous is " + *synchronous);
}

}  // namespace

Result<std::unique_ptr<SqliteLedger>> SqliteLedger::open(const Options& options,
                                                         const Fingerprints& fingerprints,
                                                         Metrics::Shard& metrics) {
  CHECK(sodium_init() >= 0, "libsodium could not initialise");
  const auto with_path = [&](Error error) {
    error.message = "ledger " + options.path + ": " + error.message;
    return std::unexpected(std::move(error));
  };
  auto lock = FileLock::take(options.path + ".lock");
  if (!lock) return with_path(lock.error());
  auto database = SqliteDatabase::open(options.path, SqliteDatabase::Access::read_write);
  if (!database) return with_path(database.error());
  sqlite3_db_config(database->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (auto ok = check_is_ledger(*database); !ok) return with_path(ok.error());
  if (auto ok = make_durable(*database); !ok) return with_path(ok.error());
  if (auto ok = prepare_schema(*database, options.migrate); !ok) return with_path(ok.error());
  const Result<Secrets> secrets = secrets_of(*database);
  if (!secrets) return with_path(secrets.error());

  std::unique_ptr<SqliteLedger> ledger(
      new SqliteLedger(std::move(*lock), std::move(*database), *secrets, options, metrics));
  if (auto ok = ledger->prepare_statements(); !ok) return with_path(ok.error());
  if (auto ok = ledger->load_campaigns(); !ok) return with_path(ok.error());
  if (auto ok = ledger->load_coupons(fingerprints); !ok) return with_path(ok.error());
  return ledger;
}

SqliteLedger::SqliteLedger(FileLock lock, SqliteDatabase database, const Secrets& secrets,
                           const Options& options, Metrics::Shard& metrics)
    : lock_(std::move(lock)),
      database_(std::move(database)),
      codes_(secrets.codes),
      cursors_(secrets.cursors),
      index_(std::make_unique<CouponIndex>(codes_)),
      checkpoint_pages_(options.checkpoint_pages),
      write_seconds_(
          metrics.histogram(commit_seconds, commit_help, seconds_bounds, {{"phase", "write"}})),
      sync_seconds_(
          metrics.histogram(commit_seconds, commit_help, seconds_bounds, {{"phase", "sync"}})),
      checkpoint_seconds_(metrics.histogram("firstcome_checkpoint_seconds",
                                            "Moving the log into the database file.",
                                            seconds_bounds)) {
  const auto note_wal_pages = [](void* self, sqlite3*, const char*, int pages) {
    auto& ledger = *static_cast<SqliteLedger*>(self);
    if (pages < ledger.wal_pages_) ledger.moved_pages_ = 0;  // the log began anew
    ledger.wal_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_.handle(), note_wal_pages, this);
}

SqliteLedger::~SqliteLedger() {
  if (!lost_) checkpoint();
}

Result<SqliteLedger::Secrets> SqliteLedger::secrets_of(SqliteDatabase& database) {
  const auto codes = secret(database, "code_key");
  if (!codes) return std::unexpected(codes.error());
  const auto cursors = secret(database, "cursor_key");
  if (!cursors) return std::unexpected(cursors.error());
  return Secrets{*codes, *cursors};
}

Result<void> SqliteLedger::prepare_statements() {
  const std::pair<SqliteStatement*, std::string> all[] = {
      {&statements_.begin, "BEGIN IMMEDIATE"},
      {&statements_.commit, "COMMIT"},
      {&statements_.rollback, "ROLLBACK"},
      {&statements_.insert_coupon, "INSERT INTO coupons (" + std::string(coupon_columns) +
                                       ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
      {&statements_.insert_parked, "INSERT INTO parked_claims (" + std::string(parked_columns) +
                                       ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
      {&statements_.settle_parked,
       "UPDATE parked_claims SET outcome = ?3 WHERE campaign = ?1 AND ticket = ?2"},
      {&statements_.forget_parked, "DELETE FROM parked_claims WHERE campaign = ?1 AND ticket = ?2"},
      {&statements_.write_campaign,
       "INSERT OR REPLACE INTO campaigns (" + std::string(campaign_columns) +
           ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"},
  };
  for (const auto& [statement, sql] : all) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return std::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

Result<void> SqliteLedger::load_campaigns() {
  auto rows = database_.prepare("SELECT " + std::string(campaign_columns) +
                                " FROM campaigns ORDER BY number");
  if (!rows) return std::unexpected(rows.error());
  Result<bool> row = rows->step();
  for (; row && *row; row = rows->step()) {
    const Campaign campaign = read_campaign(*rows);
    if (campaign.number.value != campaigns_.size() + 1) {
      return fail(ErrorCode::corrupt, "campaigns are not numbered 1, 2, 3, …");
    }
    keep(campaign);
  }
  if (!row) return std::unexpected(row.error());
  return {};
}

Result<void> SqliteLedger::load_coupons(const Fingerprints& fingerprints) {
  auto rows =
      database_.prepare("SELECT " + std::string(coupon_columns) + " FROM coupons ORDER BY seq");
  if (!rows) return std::unexpected(rows.error());
  Result<bool> row = rows->step();
  for (; row && *row; row = rows->step()) {
    const auto seq = rows->integer(0);
    const auto corrupt = [&](const std::string& what) {
      return fail(ErrorCode::corrupt, "coupons row " + std::to_string(seq) + ": " + what);
    };
    const Result<CouponRow> coupon = read_coupon(*rows);
    if (!coupon) return std::unexpected(coupon.error());
    const std::uint32_t number = coupon->campaign.value;
    if (seq != next_seq_) return corrupt("a row before it is missing");
    if (number == 0 || number > campaigns_.size()) return corrupt("its campaign does not exist");
    if (coupon->coupon.code != codes_.code(coupon->campaign, coupon->coupon.rank)) {
      return corrupt("its code was not made by this ledger");
    }
    if (coupon->coupon.rank.value > campaigns_[number - 1].settings->stock) {
      return corrupt("its rank is above the stock");
    }
    const Identity identity = fingerprints.of(coupon->user, coupon->key);
    auto added = index_->add(coupon->campaign, identity, coupon->coupon, next_seq_);
    if (!added) return corrupt(added.error().message);
    campaigns_[number - 1].issued = coupon->coupon.rank.value;
    ++next_seq_;
  }
  if (!row) return std::unexpected(row.error());
  return {};
}

Result<Epoch> SqliteLedger::take_epoch() {
  auto ok = database_.execute(
      "INSERT INTO meta (name, value) VALUES ('epoch', 1) "
      "ON CONFLICT (name) DO UPDATE SET value = value + 1");
  if (!ok) return std::unexpected(ok.error());
  const Result<std::string> text =
      database_.query_text("SELECT value FROM meta WHERE name = 'epoch'");
  if (!text) return std::unexpected(text.error());
  return Epoch{std::stoull(*text)};
}

Result<Ticket> SqliteLedger::first_free_ticket() {
  const Result<std::string> text =
      database_.query_text("SELECT coalesce(max(ticket), 0) + 1 FROM parked_claims");
  if (!text) return std::unexpected(text.error());
  return Ticket{std::stoull(*text)};
}

void SqliteLedger::for_each_campaign(const std::function<void(const Campaign&)>& visit) const {
  for (const Campaign& campaign : campaigns_) visit(campaign);
}

const Campaign& SqliteLedger::campaign(CampaignNumber number) const {
  CHECK(number.value >= 1 && number.value <= campaigns_.size(), "no campaign has this number");
  return campaigns_[number.value - 1];
}

Result<void> SqliteLedger::for_each_parked(const std::function<void(const ParkedClaim&)>& visit) {
  auto rows = database_.prepare("SELECT " + std::string(parked_columns) +
                                " FROM parked_claims ORDER BY campaign, ticket");
  if (!rows) return std::unexpected(rows.error());
  Result<bool> row = rows->step();
  for (; row && *row; row = rows->step()) {
    const Result<ParkedClaim> parked = read_parked(*rows);
    if (!parked) return std::unexpected(parked.error());
    visit(*parked);
  }
  if (!row) return std::unexpected(row.error());
  return {};
}

Result<std::vector<Result<Ledger::Changed>>> SqliteLedger::change(
    std::span<const CampaignChange> changes) {
  if (lost_) return std::unexpected(*lost_);
  CampaignStaging staging(
      [this](const CampaignId& id) -> const Campaign* {
        const auto found = numbers_.find(id.str());
        return found == numbers_.end() ? nullptr : &campaign(found->second);
      },
      CampaignNumber{static_cast<std::uint32_t>(campaigns_.size() + 1)});
  std::vector<Result<Changed>> results;
  for (const CampaignChange& one : changes) results.push_back(staging.stage(one));
  if (auto written = write_campaigns(staging.changed()); !written) {
    return std::unexpected(written.error());
  }
  for (const Campaign& campaign : staging.changed()) keep(campaign);
  return results;
}

Result<void> SqliteLedger::write_campaigns(std::span<const Campaign> campaigns) {
  if (campaigns.empty()) return {};
  if (auto begun = statements_.begin.run(); !begun) {
    if (!is_busy(database_.handle())) lose(begun.error());
    return begun;
  }
  const auto write_all = [&]() -> Result<void> {
    for (const Campaign& campaign : campaigns) {
      bind_campaign(statements_.write_campaign, campaign);
      if (auto ok = statements_.write_campaign.run(); !ok) return ok;
    }
    return {};
  };
  auto written = write_all();
  if (!written) {
    lose(written.error());
    return written;
  }
  if (auto committed = statements_.commit.run(); !committed) {
    lose(committed.error());
    return fail(ErrorCode::unknown, lost_->message);
  }
  return {};
}

void SqliteLedger::keep(const Campaign& campaign) {
  if (campaign.number.value > campaigns_.size()) {
    campaigns_.push_back(campaign);
    numbers_.emplace(campaign.id.str(), campaign.number);
  } else {
    campaigns_[campaign.number.value - 1] = campaign;
  }
}

Result<BatchState> SqliteLedger::state_for(std::span<Claim> due, std::span<Claim> arrivals) {
  if (lost_) return std::unexpected(*lost_);
  BatchState state;
  state.campaigns.reserve(due.size() + arrivals.size());
  state.standings.reserve(due.size() + arrivals.size());
  for (const std::span<Claim> claims : {due, arrivals}) {
    for (const Claim& claim : claims) {
      state.campaigns.push_back(&campaign(claim.campaign));
      state.standings.push_back(index_->standing(claim.campaign, claim.identity));
    }
  }
  return state;
}

CommitResult SqliteLedger::commit(const BatchRows& rows) {
  if (lost_) return CommitResult::unavailable;
  if (rows.empty()) return CommitResult::ok;  // the file's lock says that no epoch is newer
  const auto start = Stopwatch::now();
  if (auto begun = statements_.begin.run(); !begun) {
    // Some other program writes to the file, an operator's shell say: nothing is lost by waiting.
    if (!is_busy(database_.handle())) lose(begun.error());
    return CommitResult::unavailable;
  }
  if (auto written = write_rows(rows); !written) {
    // Nothing has reached the log yet, and a rollback keeps it so.
    lose(written.error());
    return CommitResult::unavailable;
  }
  write_seconds_.observe_since(start);
  const auto sync_start = Stopwatch::now();
  if (auto committed = statements_.commit.run(); !committed) {
    // The log may hold the whole transaction although its sync failed: it is neither yes nor no.
    lose(committed.error());
    return CommitResult::unknown;
  }
  sync_seconds_.observe_since(sync_start);
  remember(rows);
  return CommitResult::ok;
}

Result<void> SqliteLedger::write_rows(const BatchRows& rows) {
  CHECK(rows.coupons.size() < std::numeric_limits<std::uint32_t>::max() - next_seq_,
        "the ledger holds 2^32 coupons");
  std::uint32_t seq = next_seq_;
  for (const CouponRow& row : rows.coupons) {
    bind_coupon(statements_.insert_coupon, seq++, row);
    if (auto ok = statements_.insert_coupon.run(); !ok) return ok;
  }
  for (const Claim& claim : rows.parked) {
    bind_parked(statements_.insert_parked, claim);
    if (auto ok = statements_.insert_parked.run(); !ok) return ok;
  }
  for (const Settlement& settlement : rows.settled) {
    if (auto ok = write_settlement(settlement); !ok) return ok;
  }
  return {};
}

Result<void> SqliteLedger::write_settlement(const Settlement& settlement) {
  const bool issued = settlement.outcome == Outcome::issued;
  SqliteStatement& statement = issued ? statements_.forget_parked : statements_.settle_parked;
  statement.bind(1, std::int64_t{settlement.campaign.value});
  statement.bind(2, static_cast<std::int64_t>(settlement.ticket.value));
  if (!issued) statement.bind(3, to_string(settlement.outcome));
  return statement.run();
}

void SqliteLedger::remember(const BatchRows& rows) {
  for (const CouponRow& row : rows.coupons) {
    const auto added = index_->add(row.campaign, row.identity, row.coupon, next_seq_++);
    CHECK(added, "the index refused a committed coupon");
    campaigns_[row.campaign.value - 1].issued = row.coupon.rank.value;
  }
}

Result<bool> SqliteLedger::landed(const BatchRows&) {
  // Only a failed write to the log says unknown, and after one nothing read here can be trusted to
  // be on disk: the next start reads the log anew and knows.
  CHECK(lost_, "landed() without an unknown commit");
  return std::unexpected(*lost_);
}

std::optional<Error> SqliteLedger::lost() const {
  return lost_;
}

void SqliteLedger::lose(const Error& error) {
  lost_ = error;
  (void)statements_.rollback.run();
}

void SqliteLedger::between_batches() {
  if (wal_pages_ - moved_pages_ >= checkpoint_pages_ && !lost_) checkpoint();
}

void SqliteLedger::when_idle() {
  if (wal_pages_ > moved_pages_ && !lost_) checkpoint();
}

void SqliteLedger::checkpoint() {
  const auto start = Stopwatch::now();
  int log_pages = 0;
  int moved_pages = moved_pages_;
  const int result = sqlite3_wal_checkpoint_v2(database_.handle(), nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, &log_pages, &moved_pages);
  checkpoint_seconds_.observe_since(start);
  // A reader may hold back some pages (or all: busy); they stay in the log until the next time.
  if (result == SQLITE_OK) {
    moved_pages_ = moved_pages;
  } else if (result != SQLITE_BUSY) {
    lose(sqlite_error(database_.handle(), "checkpoint"));
  }
}

std::optional<Standing> SqliteLedger::recall(CampaignNumber campaign,
                                             const Identity& identity) const {
  return index_->standing(campaign, identity);
}

}  // namespace firstcome
