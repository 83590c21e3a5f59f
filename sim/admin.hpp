#pragma once

#include <cstdint>

#include "sim/scene.hpp"
#include "sim/server.hpp"

// The operator: makes the campaigns, then changes stock, pause, mode, pace and window while they
// run. When the troubles are over, opens all for good, so that whoever still waits can be served.
// The limit per user stays as it is. One thread.

namespace firstcome::sim {

class Admin {
 public:
  explicit Admin(Scene& scene);

  void act(Server* server);

 private:
  void make_missing(Server& server);
  void change_something(Server& server);
  void open_for_good(Server& server);
  [[nodiscard]] CampaignPatch draw_patch(std::uint32_t campaign);
  [[nodiscard]] CampaignPatch draw_window();
  [[nodiscard]] std::uint32_t draw_stock(std::uint32_t campaign);

  Scene& scene_;
  std::uint32_t changes_left_;
  std::uint32_t looks_left_ = 20;  // at the end, whether all is open
};

}  // namespace firstcome::sim
