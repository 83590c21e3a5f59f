// Wiring: the subcommands, and the engines they may name. No other file knows an engine.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/commands.hpp"
#include "ledger/sqlite_audit.hpp"
#include "ledger/sqlite_ledger.hpp"
#include "ledger/sqlite_reader.hpp"
#include "queue/memory_queue.hpp"

namespace {

using namespace firstcome;

constexpr std::string_view sqlite_scheme = "sqlite:";

Result<std::string> sqlite_path(const std::string& url) {
  if (!url.starts_with(sqlite_scheme) || url.size() == sqlite_scheme.size()) {
    return invalid("ledger", "unknown ledger '" + url + "': this build knows sqlite:PATH");
  }
  return url.substr(sqlite_scheme.size());
}

Result<void> check_engine(const std::string& ledger_url, const std::string& queue_url) {
  if (const auto path = sqlite_path(ledger_url); !path) return std::unexpected(path.error());
  if (queue_url == "memory:") return {};
  return invalid("queue", "unknown queue '" + queue_url + "': this build knows memory:");
}

Result<cli::Engine> open_embedded(const cli::EngineRequest& request) {
  if (auto known = check_engine(request.ledger_url, request.queue_url); !known) {
    return std::unexpected(known.error());
  }
  const auto path = sqlite_path(request.ledger_url);
  auto ledger = SqliteLedger::open({.path = *path, .migrate = request.migrate},
                                   request.fingerprints, request.metrics);
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
  return cli::Engine{.name = "embedded",
                     .durability =
                         "a yes is on disk before it is said (SQLite WAL, "
                         "synchronous=FULL)",
                     .ledger = std::move(*ledger),
                     .reader = std::move(*reader),
                     .queue = std::move(queue),
                     .codes = codes,
                     .cursors = cursors};
}

Result<std::unique_ptr<LedgerAudit>> open_audit(const std::string& url) {
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

}  // namespace

int main(int argc, char** argv) {
  hold_standard_descriptors();
  CLI::App app("firstcome gives out a fixed number of coupons to the first who ask, exactly.");
  app.set_version_flag("--version", "firstcome " FIRSTCOME_VERSION);
  app.require_subcommand(1);
  cli::Context context;
  context.check_engine = check_engine;
  context.open_engine = open_embedded;
  context.open_audit = open_audit;
  cli::add_serve(app, context);
  cli::add_load(app, context);
  cli::add_verify(app, context);
  cli::add_campaign(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? cli::exit_ok : cli::exit_usage;
  }
  return context.exit_code;
}
