#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/engine.hpp"
#include "core/error.hpp"
#include "ledger/ledger.hpp"

namespace CLI {
class App;
}

// The subcommands, a file each. add_X() declares the options of subcommand X; parsing them runs it
// and leaves its exit code in the context. Only main names an engine, so what a command needs of
// one comes in as a function.

namespace firstcome::cli {

struct Context {
  int exit_code = 0;

  // Whether this build knows the engine that two URLs name. Error: invalid.
  std::function<Result<void>(const std::string& ledger_url, const std::string& queue_url)>
      check_engine{};

  // Opens that engine. Errors: also those of the engine.
  std::function<Result<Engine>(const EngineRequest& request)> open_engine{};

  // Opens the ledger of an URL for reading only.
  std::function<Result<std::unique_ptr<LedgerAudit>>(const std::string& url)> open_audit{};
};

void add_serve(CLI::App& app, Context& context);
void add_load(CLI::App& app, Context& context);
void add_verify(CLI::App& app, Context& context);
void add_campaign(CLI::App& app, Context& context);

// The exit codes that scripts may rely on.
enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_threshold = 99,
};

// The bearer key for client commands: FIRSTCOME_<NAME>_KEY, then FIRSTCOME_<NAME>_KEY_FILE, then
// DIR/<name>.key. `name` is "admin" or "issue". Error: invalid, saying where it was looked for.
[[nodiscard]] Result<std::string> find_key(const std::string& name, const std::string& data_dir);

}  // namespace firstcome::cli
