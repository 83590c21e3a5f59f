// firstcome_sim: runs seeds, and says how to run the one again that broke a promise.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <optional>

#include "sim/planted.hpp"
#include "sim/world.hpp"

namespace {

using namespace firstcome::sim;

struct Options {
  std::uint64_t from = 0;
  std::uint64_t to = 1'000;  // not included
  bool verbose = false;
  bool twice = false;
  std::string bug{};
};

// "FROM..TO"; TO is not included.
bool read_range(const std::string& text, Options& options) {
  return std::sscanf(text.c_str(), "%" SCNu64 "..%" SCNu64, &options.from, &options.to) == 2;
}

void print_failure(std::uint64_t seed, const RunResult& result, const Options& options) {
  std::printf("seed %" PRIu64 ": ", seed);
  if (result.promise != 0) std::printf("promise %d broken: ", result.promise);
  std::printf("%s\n", result.words.c_str());
  const std::string plant = options.bug.empty() ? "" : " --plant " + options.bug;
  std::printf("replay: %s%s --seed %" PRIu64 " --verbose\n",
              plant.empty() ? "firstcome_sim" : "firstcome_sim_planted", plant.c_str(), seed);
}

// Whether the seed holds, and when asked to, that it runs the same way twice.
bool passes(std::uint64_t seed, const Options& options, std::uint64_t& events) {
  const RunResult result = run_seed(seed, options.verbose);
  events += result.events;
  if (options.verbose) {
    std::printf("seed %" PRIu64 ": %" PRIu64 " events, trace %016" PRIx64 "\n", seed, result.events,
                result.trace_hash);
  }
  if (!result.holds) {
    print_failure(seed, result, options);
    return false;
  }
  if (options.twice && run_seed(seed, false).trace_hash != result.trace_hash) {
    std::printf("seed %" PRIu64 " does not run the same way twice\n", seed);
    return false;
  }
  return true;
}

int run_seeds(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t events = 0;
  for (std::uint64_t seed = options.from; seed < options.to; ++seed) {
    if (!passes(seed, options, events)) return 1;
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  const auto seeds = static_cast<double>(options.to - options.from);
  std::printf("%.0f seeds hold: %" PRIu64 " events, %.0f seeds/s\n", seeds, events,
              seeds / taken.count());
  return 0;
}

int list_bugs() {
  for (const PlantedBug& bug : planted_bugs()) {
    const std::string name(bug.name);
    const std::string place(bug.place.empty() ? "(cannot be planted)" : bug.place);
    std::printf("%-32s %s\n", name.c_str(), place.c_str());
  }
  return planted_bugs().empty() ? 1 : 0;
}

// The first seed that finds the planted bug.
std::optional<std::uint64_t> find(const Options& options, RunResult& result) {
  for (std::uint64_t seed = options.from; seed < options.to; ++seed) {
    result = run_seed(seed, false);
    if (!result.holds) return seed;
  }
  return std::nullopt;
}

int find_all(const Options& options) {
  int missed = 0;
  for (const PlantedBug& bug : planted_bugs()) {
    const std::string name(bug.name);
    if (bug.place.empty()) {
      std::printf("%-32s cannot be planted: the code it changes is gone\n", name.c_str());
      ++missed;
      continue;
    }
    plant(name);
    RunResult result;
    const auto seed = find(options, result);
    if (seed) {
      std::printf("%-32s seed %4" PRIu64 ", promise %d: %s\n", name.c_str(), *seed, result.promise,
                  result.words.c_str());
    } else {
      std::printf("%-32s NOT FOUND\n", name.c_str());
      ++missed;
    }
  }
  std::printf("%zu bugs planted, %d not found\n", planted_bugs().size(), missed);
  return missed == 0 && !planted_bugs().empty() ? 0 : 1;
}

bool can_plant(const std::string& name) {
  for (const PlantedBug& bug : planted_bugs()) {
    if (bug.name == name && !bug.place.empty()) return true;
  }
  std::fprintf(stderr, "%s: no such bug can be planted here; firstcome_sim_planted has them\n",
               name.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Runs the issuer, queue, desk and driver under a seeded clock, network and crashes.");
  Options options;
  std::optional<std::uint64_t> seed;
  std::string seeds;
  bool every_bug = false;
  app.add_option("--seed", seed, "Run this seed");
  app.add_option("--seeds", seeds, "Run the seeds FROM..TO, TO not included [0..1000]");
  app.add_flag("--verbose", options.verbose, "Print what happens");
  app.add_flag("--twice", options.twice, "Run each seed twice and compare");
  app.add_option("--plant", options.bug, "With this bug; 'list' lists them");
  app.add_flag("--find-planted", every_bug, "Look for each planted bug in turn");
  CLI11_PARSE(app, argc, argv);
  if (!seeds.empty() && !read_range(seeds, options)) {
    std::fprintf(stderr, "--seeds wants FROM..TO\n");
    return 2;
  }
  if (seed) {
    options.from = *seed;
    options.to = *seed + 1;
  }
  if (options.bug == "list") return list_bugs();
  if (!options.bug.empty()) {
    if (!can_plant(options.bug)) return 2;
    plant(options.bug);
  }
  return every_bug ? find_all(options) : run_seeds(options);
}
