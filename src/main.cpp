// Wiring: the subcommands, and the engines they may name. No other file knows an engine.

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/settings.hpp"
#include "ledger/mysql/mysql_audit.hpp"
#include "ledger/mysql/mysql_key_book.hpp"
#include "ledger/mysql/mysql_ledger.hpp"
#include "ledger/mysql/mysql_reader.hpp"
#include "ledger/sqlite_audit.hpp"
#include "ledger/sqlite_ledger.hpp"
#include "ledger/sqlite_reader.hpp"
#include "queue/memory_queue.hpp"
#include "queue/redis/redis_checks.hpp"
#include "queue/redis/redis_queue.hpp"

namespace {

using namespace firstcome;

constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr std::string_view mysql_scheme = "mysql:";

bool is_mysql(const std::string& ledger_url) {
  return ledger_url.starts_with(mysql_scheme);
}

// What may be shown of an URL that nobody understands, and that may hold a password.
std::string scheme_of(const std::string& url) {
  const std::size_t colon = url.find(':');
  return colon == std::string::npos ? "'" + url + "'" : "'" + url.substr(0, colon) + ":…'";
}

Result<std::string> sqlite_path(const std::string& url) {
  if (!url.starts_with(sqlite_scheme) || url.size() == sqlite_scheme.size()) {
    return invalid("ledger", "unknown ledger " + scheme_of(url) +
                                 ": this build knows sqlite:PATH and "
                                 "mysql://user:password@host:port/database");
  }
  return url.substr(sqlite_scheme.size());
}

Result<void> check_engine(const std::string& ledger_url, const std::string& queue_url) {
  if (is_mysql(ledger_url)) {
    if (const auto url = parse_mysql_url(ledger_url); !url) return std::unexpected(url.error());
  } else if (const auto path = sqlite_path(ledger_url); !path) {
    return std::unexpected(path.error());
  }
  if (queue_url == "memory:") return {};
  if (!is_redis_url(queue_url)) {
    return invalid("queue", "unknown queue " + scheme_of(queue_url) +
                                ": this build knows memory:, redis://, redis+sentinel:// and "
                                "redis+cluster://");
  }
  if (const auto url = parse_redis_url(queue_url); !url) return std::unexpected(url.error());
  if (is_mysql(ledger_url)) return {};
  return invalid("queue",
                 "a queue in Redis is for many servers and needs a ledger that they can "
                 "share: mysql://…");
}

Result<cli::Engine> open_embedded(const cli::EngineRequest& request) {
  const auto path = sqlite_path(request.ledger_url);
  if (!path) return std::unexpected(path.error());
  auto ledger = SqliteLedger::open({.path = *path, .migrate = request.migrate},
                                   request.fingerprints, request.metrics.shard());
  if (!ledger) return std::unexpected(ledger.error());
  auto reader = SqliteReader::open(*path, (*ledger)->index(), request.fingerprints);
  if (!reader) return std::unexpected(reader.error());
  const auto first_ticket = (*ledger)->first_free_ticket();
  if (!first_ticket) return std::unexpected(first_ticket.error());
  const auto epoch = (*ledger)->take_epoch();
  if (!epoch) return std::unexpected(epoch.error());
  auto queue = std::make_unique<MemoryQueue>(*epoch, *first_ticket, request.on_work);
  const CouponCodes codes = (*ledger)->codes();
  const Cursors cursors = (*ledger)->cursors();
  return cli::Engine{.foundation = {},
                     .name = "embedded",
                     .durability =
                         "a yes is on disk before it is said (SQLite WAL, "
                         "synchronous=FULL)",
                     .ledger = std::move(*ledger),
                     .reader = std::move(*reader),
                     .queue = std::move(queue),
                     .codes = codes,
                     .cursors = cursors};
}

// The connections of one server: a pool to the primary, one to each replica.
struct MysqlPools {
  std::unique_ptr<MysqlPool> primary;
  std::unique_ptr<MysqlPool> reads;  // from the primary
  std::vector<std::unique_ptr<MysqlPool>> replicas;
};

constexpr std::chrono::seconds read_time_max{1};

std::shared_ptr<MysqlPools> pools_for(const MysqlUrl& url, const cli::EngineRequest& request) {
  const auto pool_to = [&](const MysqlEndpoint& endpoint, std::string name, bool is_for_reads) {
    MysqlLogin login = url.login;
    MysqlTimeouts timeouts;
    if (is_for_reads) {  // who waits for a listing is told soon that a server stands still
      timeouts.read = read_time_max;
      login.connect_timeout =
          std::min<std::chrono::milliseconds>(login.connect_timeout, read_time_max);
    }
    return std::make_unique<MysqlPool>(
        MysqlPoolOptions{.name = std::move(name),
                         .server = endpoint.str(),
                         .is_needed_at_start = !is_for_reads,
                         .size = url.pool,
                         .wait = url.wait},
        [endpoint, login, timeouts] { return MysqlConnection::open(endpoint, login, timeouts); },
        request.clock, request.metrics);
  };
  auto pools = std::make_shared<MysqlPools>();
  pools->primary = pool_to(url.primary, "primary", false);
  pools->reads = pool_to(url.primary, "reads", true);
  for (const MysqlEndpoint& replica : url.replicas) {
    pools->replicas.push_back(pool_to(replica, "replica " + replica.str(), true));
  }
  return pools;
}

// How long Redis is waited for at a start.
constexpr std::chrono::seconds redis_check_time{5};

// What the servers have in common orders their claims.
Result<std::unique_ptr<Queue>> open_redis(const cli::EngineRequest& request,
                                          const MysqlLedger& ledger,
                                          std::vector<std::string>& warnings) {
  auto url = parse_redis_url(request.queue_url);
  if (!url) return std::unexpected(url.error());
  auto access = RedisAccess::make(*url);
  if (!access) return std::unexpected(access.error());
  const auto report = check_redis(*access, RedisDeadline::clock::now() + redis_check_time);
  if (!report) return std::unexpected(report.error());
  warnings.insert(warnings.end(), report->warnings.begin(), report->warnings.end());
  return std::make_unique<RedisQueue>(
      RedisQueue::Options{
          .space = ledger.name(),
          .server = ledger.server(),
          .ack = request.queue.ack_by_ledger ? RedisQueue::Ack::ledger : RedisQueue::Ack::redis,
          // A single server has nothing that takes over, so nothing to wait for.
          .replicas = url->topology == RedisTopology::single ? 0U : 1U,
          .depth_max = request.queue.depth_max,
          .grace = request.queue.grace},
      RedisQueue::Parts{.access = *access,
                        .fingerprints = request.fingerprints,
                        .codes = ledger.codes(),
                        .clock = request.clock,
                        .metrics = request.metrics,
                        .local = std::make_unique<MemoryQueue>(Epoch{}, Ticket{1}, request.on_work),
                        .deliver = request.on_verdicts});
}

// Servers with one ledger. Without a queue in common each commits its own batches under the
// campaign's lock.
Result<cli::Engine> open_shared(const cli::EngineRequest& request) {
  const auto url = parse_mysql_url(request.ledger_url);
  if (!url) return std::unexpected(url.error());
  auto pools = pools_for(*url, request);
  auto ledger = MysqlLedger::open(
      *pools->primary, request.migrate,
      {.has_replicas = !url->replicas.empty(), .semi_sync_required = url->semi_sync_required},
      request.fingerprints, request.clock, request.metrics.shard());
  if (!ledger) return std::unexpected(ledger.error());
  std::vector<MysqlPool*> replicas;
  for (const auto& pool : pools->replicas) replicas.push_back(pool.get());
  auto reader = std::make_unique<MysqlReader>(
      MysqlReader::Options{}, *pools->reads, replicas,
      [own = ledger->get()] { return own->newest_gtid(); }, request.clock, request.metrics.shard());
  const CouponCodes codes = (*ledger)->codes();
  const Cursors cursors = (*ledger)->cursors();
  std::vector<std::string> warnings = (*ledger)->warnings();
  const bool direct = request.queue_url == "memory:";
  Result<std::unique_ptr<Queue>> queue =
      direct ? std::make_unique<MemoryQueue>(Epoch{}, Ticket{1}, request.on_work)
             : open_redis(request, **ledger, warnings);
  if (!queue) return std::unexpected(queue.error());
  auto keys = std::make_unique<MysqlKeyBook>(*pools->primary);
  return cli::Engine{.foundation = std::move(pools),
                     .name = direct ? "direct" : "nodes",
                     .warnings = std::move(warnings),
                     .durability = "a yes is committed by the database before it is said",
                     .ledger = std::move(*ledger),
                     .reader = std::move(reader),
                     .queue = std::move(*queue),
                     .keys = std::move(keys),
                     .codes = codes,
                     .cursors = cursors};
}

Result<cli::Engine> open_engine(const cli::EngineRequest& request) {
  if (auto known = check_engine(request.ledger_url, request.queue_url); !known) {
    return std::unexpected(known.error());
  }
  return is_mysql(request.ledger_url) ? open_shared(request) : open_embedded(request);
}

Result<std::unique_ptr<LedgerAudit>> open_audit(const std::string& url) {
  if (is_mysql(url)) {
    const auto parsed = parse_mysql_url(url);
    if (!parsed) return std::unexpected(parsed.error());
    auto audit = MysqlAudit::open(*parsed);
    if (!audit) return std::unexpected(audit.error());
    return audit;
  }
  const auto path = sqlite_path(url);
  if (!path) return std::unexpected(path.error());
  if (!std::filesystem::exists(*path)) {
    return fail(ErrorCode::unavailable, "there is no ledger at " + *path);
  }
  auto audit = SqliteAudit::open(*path);
  if (!audit) return std::unexpected(audit.error());
  return audit;
}

// Started without stdin, stdout or stderr, the first files opened would take their numbers, and
// what is printed would go into the ledger.
void hold_standard_descriptors() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
}

// What a batch frees the next one wants again. To give it back to the system in between costs more
// than to keep it, as much as all that is done with it.
void keep_freed_memory() {
  constexpr int mib = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * mib);
  mallopt(M_TRIM_THRESHOLD, 64 * mib);
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_descriptors();
  keep_freed_memory();
  CLI::App app("firstcome gives out a fixed number of coupons to the first who ask, exactly.");
  app.set_version_flag("--version", "firstcome " FIRSTCOME_VERSION);
  app.require_subcommand(1);
  cli::Context context;
  context.check_engine = check_engine;
  context.open_engine = open_engine;
  context.open_audit = open_audit;
  cli::add_serve(app, context);
  cli::add_load(app, context);
  cli::add_verify(app, context);
  cli::add_campaign(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    const std::vector<std::string> unknown = app.remaining(true);
    const bool lacks_subcommand = std::string_view(error.what()) == "A subcommand is required";
    if (!lacks_subcommand || unknown.empty()) {
      app.exit(error);
    } else {
      std::cerr << "there is no subcommand '" << unknown.front() << "'; --help lists them\n";
    }
    return cli::exit_usage;
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? cli::exit_ok : cli::exit_usage;
  }
  return context.exit_code;
}
