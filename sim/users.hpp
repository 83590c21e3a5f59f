#pragma once

#include <cstdint>

#include "sim/scene.hpp"
#include "sim/server.hpp"

// The users and the network between them and the server: they claim, give up waiting and ask again
// on another connection, ask twice at once, come back after 503 and ask how a queued claim stands.
// Requests and replies are lost or late. A wish is pursued until it has a final answer. One thread.

namespace firstcome::sim {

class Users {
 public:
  explicit Users(Scene& scene);

  // Sends an attempt.
  void act(std::uint32_t wish);
  void ask_status(std::uint32_t wish, Server* server);
  void give_up(std::uint32_t attempt);
  // A request that met no server.
  void refuse(std::uint32_t attempt);
  void take_reply(std::uint32_t attempt);

  // Each user wants as many coupons as there may be for one, so that demand is known at the end.
  void want_all();

 private:
  void want(std::uint32_t user, std::uint32_t campaign, bool keyed, Monotonic latest);
  void finish(std::uint32_t attempt);
  void retry_later(std::uint32_t wish);
  void ask_status_later(std::uint32_t wish);
  void take_answer(std::uint32_t attempt, const Answer& answer);

  Scene& scene_;
};

}  // namespace firstcome::sim
