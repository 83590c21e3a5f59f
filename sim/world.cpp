#include "sim/world.hpp"

namespace firstcome::sim {
namespace {

using std::chrono::microseconds;

// A run has some hundreds to a few thousand events; one that has so many will never end.
constexpr std::uint64_t events_max = 1'000'000;

}  // namespace

World::World(std::uint64_t seed, bool verbose)
    : scene_(seed, verbose), users_(scene_), admin_(scene_) {
  scene_.elsewhere = this;
  scene_.after(microseconds(0), Event::What::server_starts);
  plan_mishaps();
}

void World::plan_mishaps() {
  const Plan& plan = scene_.plan;
  const auto chaos = std::chrono::duration_cast<microseconds>(plan.chaos);
  const auto scatter = [&](std::uint32_t count, Event::What what) {
    for (std::uint32_t i = 0; i < count; ++i) {
      scene_.after(scene_.random.between(microseconds(0), chaos), what);
    }
  };
  scatter(plan.crashes, Event::What::server_dies);
  scatter(plan.drains, Event::What::server_drains);
  scatter(plan.rivals, Event::What::rival_comes);
  scatter(plan.wall_jumps, Event::What::wall_clock_jumps);
  scene_.after(plan.chaos, Event::What::faults_end);
}

RunResult World::run() {
  RunResult result;
  try {
    run_to_the_end();
  } catch (const Broken& found) {
    result.holds = false;
    result.promise = found.promise;
    result.words = found.words;
  }
  result.trace_hash = scene_.trace.hash();
  result.events = events_;
  return result;
}

void World::run_to_the_end() {
  while (const auto event = scene_.agenda.take(Monotonic::max())) {
    scene_.clock.move_to(event->at);
    try {
      handle(*event);
    } catch (const Crashed&) {
      server_is_gone();
    }
  }
  if (server_ == nullptr) broken(0, "there is no server at the end");
  server_->check_idle();
  scene_.judge.at_the_end();
}

void World::goes_on(Monotonic duration) {
  const Monotonic until = scene_.clock.monotonic() + duration;
  while (const auto event = scene_.agenda.take(until)) {
    scene_.clock.move_to(event->at);
    handle(*event);
  }
  scene_.clock.move_to(until);
}

void World::issuer_may_cut_in() {
  if (server_ != nullptr) server_->issuer_may_cut_in();
}

void World::handle(const Event& event) {
  if (++events_ > events_max) broken(10, "it does not come to an end");
  if (event.life != 0) return handle_for_server(event);
  switch (event.what) {
    case Event::What::user_acts:
      --scene_.book.wishes[event.who].pending;
      if (scene_.book.wishes[event.who].fulfilled) return;
      ++scene_.book.wishes[event.who].pending;
      return users_.act(event.who);
    case Event::What::user_asks_status:
      return users_.ask_status(event.who, server_.get());
    case Event::What::user_gives_up:
      return users_.give_up(event.who);
    case Event::What::request_arrives:
      return request_arrives(event);
    case Event::What::reply_arrives:
      return users_.take_reply(event.who);
    case Event::What::admin_acts:
      return admin_.act(server_.get());
    case Event::What::server_starts:
      return start_server();
    case Event::What::server_drains:
      return drain_server();
    case Event::What::server_dies:
      scene_.trace.note("the process is killed");
      if (server_ != nullptr) throw Crashed{};
      return;
    case Event::What::wall_clock_jumps:
      return jump_wall_clock();
    case Event::What::rival_comes:
      ++disk_.epoch.value;
      return scene_.trace.note("another server takes the ledger");
    case Event::What::faults_end:
      scene_.calm = true;
      return scene_.trace.note("the troubles are over");
    case Event::What::all_is_open:
      return users_.want_all();
    case Event::What::round_ends:
    case Event::What::verdicts_arrive:
    case Event::What::issuer_steps:
    case Event::What::server_stops:
      return;  // of no process
  }
}

void World::handle_for_server(const Event& event) {
  if (server_ == nullptr || server_->life() != event.life || server_->put_off(event)) return;
  switch (event.what) {
    case Event::What::round_ends:
      return server_->end_round(static_cast<std::uint16_t>(event.who));
    case Event::What::verdicts_arrive:
      return server_->take_verdicts(static_cast<std::uint16_t>(event.who));
    case Event::What::issuer_steps:
      return server_->step();
    default:
      return stop_server();
  }
}

void World::request_arrives(const Event& event) {
  if (server_ == nullptr) return users_.refuse(event.who);
  if (!server_->put_off(event)) server_->take_request(event.who);
}

void World::jump_wall_clock() {
  const auto by =
      std::chrono::milliseconds(scene_.random.below(200)) - std::chrono::milliseconds(100);
  scene_.clock.jump_wall(by);
  scene_.trace.note("the wall clock jumps");
}

void World::start_server() {
  if (server_ != nullptr) return;
  server_ = std::make_unique<Server>(scene_, disk_, ++lives_);
}

void World::drain_server() {
  if (server_ == nullptr) return;
  scene_.trace.note("server drains");
  server_->drain();
  scene_.after(microseconds(500), Event::What::server_stops, 0, server_->life());
}

// A process that cannot go on is given some time to tell those who wait; one that is asked to stop
// takes as long as it needs.
void World::stop_server() {
  if (!server_->is_drained()) {
    return scene_.after(microseconds(500), Event::What::server_stops, 0, server_->life());
  }
  scene_.trace.note("the process ends");
  throw Crashed{};
}

void World::server_is_gone() {
  server_.reset();
  scene_.judge.server_gone();
  scene_.after(scene_.random.between(microseconds(100), microseconds(5'000)),
               Event::What::server_starts);
}

}  // namespace firstcome::sim
