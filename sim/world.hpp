#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sim/admin.hpp"
#include "sim/scene.hpp"
#include "sim/server.hpp"
#include "sim/users.hpp"

// One run: takes events from the agenda in order of time and hands each to who it is for; kills and
// starts server processes. Whenever a part waits, events go on being handled from inside it, so the
// parts meet each other in all the states that threads would show them in. One thread.

namespace firstcome::sim {

struct RunResult {
  bool holds = true;
  int promise = 0;
  std::string words{};  // what was broken
  std::uint64_t trace_hash = 0;
  std::uint64_t events = 0;
};

class World final : public Elsewhere {
 public:
  World(std::uint64_t seed, bool verbose);

  // Once.
  [[nodiscard]] RunResult run();

  void goes_on(Monotonic duration) override;
  void issuer_may_cut_in() override;

 private:
  void plan_mishaps();
  void run_to_the_end();
  void handle(const Event& event);
  void handle_for_server(const Event& event);
  void request_arrives(const Event& event);
  void start_server();
  void drain_server();
  void stop_server();
  void jump_wall_clock();
  void server_is_gone();

  Scene scene_;
  Disk disk_;
  Users users_;
  Admin admin_;
  std::unique_ptr<Server> server_;
  std::uint32_t lives_ = 0;
  std::uint64_t events_ = 0;
};

[[nodiscard]] inline RunResult run_seed(std::uint64_t seed, bool verbose) {
  return World(seed, verbose).run();
}

}  // namespace firstcome::sim
