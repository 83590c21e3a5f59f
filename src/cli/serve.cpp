// firstcome serve: gathers the settings, builds the server from its parts, and stops it well.

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>

#include "cli/banner.hpp"
#include "cli/commands.hpp"
#include "cli/server_keys.hpp"
#include "cli/settings.hpp"
#include "cli/stop_signal.hpp"
#include "http/server.hpp"
#include "issue/issuing_thread.hpp"
#include "observe/log.hpp"

namespace firstcome::cli {
namespace {

Result<Address> listen_address(const Settings& settings, const std::string& name) {
  auto address = parse_address(settings.text(name));
  if (!address) {
    return invalid(name, settings.source(name) + ": " + address.error().message);
  }
  if (!address->is_loopback() && !settings.flag("public")) {
    return invalid(name, settings.source(name) + ": " + address->str() +
                             " can be reached from other machines; say --public if it shall");
  }
  return address;
}

Result<http::Server::Options> server_options(const Settings& settings) {
  auto listen = listen_address(settings, "listen");
  if (!listen) return std::unexpected(listen.error());
  http::Server::Options options{.listen = *listen};
  if (!settings.text("metrics_listen").empty()) {
    auto apart = listen_address(settings, "metrics_listen");
    if (!apart) return std::unexpected(apart.error());
    options.metrics_listen = *apart;
  }
  const auto threads = settings.number("io_threads");
  options.io_threads = static_cast<std::uint16_t>(
      threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency()));
  options.limits = {
      .idle_time = std::chrono::milliseconds(settings.number("idle_timeout_ms")),
      .request_time = std::chrono::milliseconds(settings.number("header_timeout_ms")),
      .connections_max = static_cast<std::size_t>(settings.number("connections_max")),
      .claims = {.waiting_max = static_cast<std::size_t>(settings.number("waiting_max")),
                 .queue_depth = static_cast<std::uint64_t>(settings.number("queue_depth"))}};
  return options;
}

std::string ledger_url(const Settings& settings) {
  const std::string url = settings.text("ledger");
  return url.empty() ? "sqlite:" + settings.text("data") + "/ledger.db" : url;
}

Result<void> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return {};
  return fail(ErrorCode::unavailable,
              "cannot make the data directory " + path + ": " + error.message());
}

Result<void> open_demo(Ledger& ledger) {
  CampaignChange demo{.id = CampaignId::trusted("demo")};
  demo.patch.stock = 100;
  demo.patch.name = "Demo";
  bool exists = false;
  ledger.for_each_campaign([&](const Campaign& campaign) { exists |= campaign.id == demo.id; });
  if (exists) return {};
  auto made = ledger.change(std::span(&demo, 1));
  if (!made) return std::unexpected(made.error());
  return {};
}

void add_queue_metrics(Metrics& metrics, const Queue& queue) {
  const std::string name = "firstcome_queue_claims";
  const std::string help =
      "Claims in the queue: arrived ones wait for a batch, parked ones for "
      "their tick.";
  metrics.gauge(name, help, {{"state", "arrived"}},
                [&queue] { return static_cast<double>(queue.depth().arrived); });
  metrics.gauge(name, help, {{"state", "parked"}},
                [&queue] { return static_cast<double>(queue.depth().parked); });
}

// Lets verdicts through to the server as long as there is one.
class VerdictGate {
 public:
  class [[nodiscard]] Opened {
   public:
    Opened(VerdictGate& gate, http::Server& server) : gate_(gate) { gate_.set(&server); }
    ~Opened() { gate_.set(nullptr); }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

   private:
    VerdictGate& gate_;
  };

  void deliver(std::uint16_t desk, std::vector<Verdict> verdicts) {
    const std::scoped_lock lock(mutex_);
    if (server_ != nullptr) server_->on_verdicts(desk, std::move(verdicts));
  }

 private:
  void set(http::Server* server) {
    const std::scoped_lock lock(mutex_);
    server_ = server;
  }

  std::mutex mutex_;
  http::Server* server_ = nullptr;  // guarded by mutex_
};

// Everything that lives as long as the server, in order of dependence.
class ServeRun {
 public:
  ServeRun(Settings settings, const Context& context)
      : settings_(std::move(settings)), context_(context) {}

  // The process's exit code, or why it could not start.
  Result<int> run() {
    umask(077);  // the ledger holds the key of all coupon codes: it is nobody else's to read
    if (auto ok = make_directory(settings_.text("data")); !ok) return std::unexpected(ok.error());
    auto options = server_options(settings_);
    if (!options) return std::unexpected(options.error());
    const auto given = GivenKeys::read(settings_);
    if (!given) return std::unexpected(given.error());
    auto engine = context_.open_engine(
        {.ledger_url = ledger_url(settings_),
         .queue_url = settings_.text("queue"),
         .migrate = !settings_.flag("no_migrate"),
         .queue = {.ack_by_ledger = settings_.text("queue_ack") == "ledger",
                   .depth_max = static_cast<std::uint64_t>(settings_.number("queue_depth")),
                   .grace = std::chrono::seconds(settings_.number("queue_grace_s"))},
         .fingerprints = fingerprints_,
         .clock = clock_,
         .metrics = metrics_,
         .on_work = [this] { bell_.ring(); },
         .on_verdicts = [this](std::uint16_t desk,
                               std::vector<Verdict> all) { gate_.deliver(desk, std::move(all)); }});
    if (!engine) return std::unexpected(engine.error());
    const auto keys = given->settle(engine->keys.get());
    if (!keys) return std::unexpected(keys.error());
    for (const std::string& warning : engine->warnings) log::warn(warning);
    return serve(*options, *engine, Keys(keys->admin.hash, keys->issue.hash),
                 banner_for(*engine, *keys));
  }

 private:
  Banner banner_for(const Engine& engine, const ServerKeys& keys) const {
    return {.version = FIRSTCOME_VERSION,
            .engine = engine.name + " (queue " + without_password(settings_.text("queue")) +
                      ", ledger " + without_password(ledger_url(settings_)) + ")",
            .durability = engine.durability,
            .url = {},
            .metrics_url = {},
            .admin_key_place = keys.admin.place,
            .issue_key_place = keys.issue.place,
            .issue_key_expression = keys.issue.expression,
            .demo = settings_.flag("demo")};
  }

  Result<int> serve(const http::Server::Options& options, Engine& engine, const Keys& keys,
                    Banner banner) {
    if (settings_.flag("demo")) {
      if (auto ok = open_demo(*engine.ledger); !ok) return std::unexpected(ok.error());
    }
    Driver* to_driver = nullptr;
    auto bound =
        http::Server::bind(options,
                           {.board = board_,
                            .service = service_,
                            .ledger = *engine.ledger,
                            .queue = *engine.queue,
                            .fingerprints = fingerprints_,
                            .clock = clock_,
                            .keys = keys,
                            .cursors = engine.cursors,
                            .metrics = metrics_,
                            .submit =
                                [this, &to_driver](const CampaignChange& change, ReplyTo reply_to) {
                                  to_driver->submit(change, reply_to);
                                  bell_.ring();
                                }},
                           std::move(engine.reader));
    if (!bound) return std::unexpected(bound.error());
    http::Server& server = **bound;
    const Issuer issuer(engine.codes);
    Driver driver({}, *engine.ledger, *engine.queue, issuer, clock_, server, metrics_.shard());
    to_driver = &driver;
    const VerdictGate::Opened opened(gate_, server);
    if (auto ok = driver.restore(fingerprints_); !ok) {
      return std::unexpected(ok.error());
    }
    add_process_metrics(metrics_);
    add_queue_metrics(metrics_, *engine.queue);
    metrics_.gauge("firstcome_batch_claims_limit", "Claims that a batch may have by now.", {},
                   driver.batch_claims_limit());
    IssuingThread issuing(driver, *engine.ledger, bell_, clock_,
                          [this](const Error& error) { fail(error); });
    service_.set(Service::State::ready);
    server.start();
    banner.url = "http://" + server.address().str();
    if (const auto& apart = server.metrics_address()) {
      banner.metrics_url = "http://" + apart->str() + "/metrics";
    }
    std::cerr << render(banner, isatty(STDERR_FILENO) == 1) << std::flush;
    return stop_when_told(server);
  }

  int stop_when_told(http::Server& server) {
    const StopSignal::Reason reason = stop_.wait();
    if (reason == StopSignal::Reason::asked) log::info("draining: finishing what has tickets");
    const bool drained =
        server.drain(std::chrono::milliseconds(settings_.number("drain_timeout_ms")));
    if (!drained) log::error("stopped with claims unanswered: the drain time was over");
    if (service_.state() == Service::State::failed) return exit_failed;
    log::info("stopped");
    return drained ? exit_ok : exit_failed;
  }

  void fail(const Error& error) {
    log::error("the ledger can commit no more, stopping: " + error.message);
    service_.set(Service::State::failed);
    stop_.fail();
  }

  const StopSignal stop_;  // first: blocks the signals before any thread is made
  const Settings settings_;
  const Context& context_;
  const SystemClock clock_;
  const Fingerprints fingerprints_ = Fingerprints::with_random_key();
  Metrics metrics_;
  Board board_;
  Service service_;
  Doorbell bell_;
  VerdictGate gate_;
};

int report(const Error& error) {
  std::cerr << "firstcome: " << error.message << "\n";
  return exit_failed;
}

int run_serve(const std::map<std::string, std::string>& flags, const Context& context,
              bool check_config, bool print_config) {
  auto settings = Settings::gather(flags);
  if (!settings) return report(settings.error());
  if (!log::set_level(settings->text("log_level"))) {
    return report({ErrorCode::invalid, settings->source("log_level") +
                                           ": log_level must be debug, info, warn or error"});
  }
  if (auto options = server_options(*settings); !options) return report(options.error());
  const std::string ack = settings->text("queue_ack");
  if (ack != "redis" && ack != "ledger") {
    return report(
        {ErrorCode::invalid,
         settings->source("queue_ack") + ": queue_ack must be redis or ledger, got '" + ack + "'"});
  }
  auto known = context.check_engine(ledger_url(*settings), settings->text("queue"));
  if (!known) {
    const Error& error = known.error();
    return report({error.code, settings->source(error.field) + ": " + error.message});
  }
  if (print_config) std::cout << settings->print();
  if (check_config) std::cout << "the configuration is good\n";
  if (print_config || check_config) return exit_ok;
  const Result<int> code = ServeRun(std::move(*settings), context).run();
  return code ? *code : report(code.error());
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  struct Parsed {
    std::map<std::string, std::string> texts;
    std::map<std::string, bool> switches;
    bool check_config = false;
    bool print_config = false;
  };
  const auto parsed = std::make_shared<Parsed>();
  CLI::App* serve = app.add_subcommand("serve", "Run the server");
  for (const SettingInfo& setting : all_settings()) {
    const std::string name(setting.name);
    std::string help(setting.help);
    if (setting.kind == SettingInfo::Kind::flag) {
      serve->add_flag(flag_of(name), parsed->switches[name], help);
      continue;
    }
    if (!setting.fallback.empty()) help += " [" + std::string(setting.fallback) + "]";
    serve->add_option(flag_of(name), parsed->texts[name], help)->type_name("VALUE");
  }
  serve->add_flag("--check-config", parsed->check_config, "Only check the settings");
  serve->add_flag("--print-config", parsed->print_config, "Print the settings, secrets hidden");
  serve->callback([parsed, serve, &context] {
    std::map<std::string, std::string> flags;
    for (const auto& [name, text] : parsed->texts) {
      if (serve->count(flag_of(name)) > 0) flags[name] = text;
    }
    for (const auto& [name, on] : parsed->switches) {
      if (serve->count(flag_of(name)) > 0) flags[name] = on ? "true" : "false";
    }
    context.exit_code = run_serve(flags, context, parsed->check_config, parsed->print_config);
  });
}

}  // namespace firstcome::cli
