#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/ids.hpp"

// What is given out: stock, limit per user, window, and how fast. Settings are immutable values
// shared between threads; a change makes new ones.

namespace firstcome {

inline constexpr std::uint32_t stock_max = 1'000'000'000;

enum class Mode : std::uint8_t { instant, paced };

struct Pace {
  std::uint32_t batch = 100;  // claims a tick
  std::chrono::milliseconds tick{1000};
  friend bool operator==(const Pace&, const Pace&) = default;
};

struct CampaignSettings {
  std::string name{};
  std::uint32_t stock = 0;
  std::uint32_t per_user = 1;
  std::optional<Time> opens_at{};
  std::optional<Time> closes_at{};  // the first moment that is too late
  std::optional<std::chrono::seconds> coupon_ttl{};
  Mode mode = Mode::instant;
  Pace pace{};
  std::string metadata = "{}";  // a JSON object, kept as text
  bool paused = false;
  friend bool operator==(const CampaignSettings&, const CampaignSettings&) = default;
};

// What a PUT or PATCH names. An inner nullopt clears a field that may be absent.
struct CampaignPatch {
  std::optional<std::string> name{};
  std::optional<std::uint32_t> stock{};
  std::optional<std::uint32_t> per_user{};
  std::optional<std::optional<Time>> opens_at{};
  std::optional<std::optional<Time>> closes_at{};
  std::optional<std::optional<std::chrono::seconds>> coupon_ttl{};
  std::optional<Mode> mode{};
  std::optional<std::uint32_t> pace_batch{};
  std::optional<std::chrono::milliseconds> pace_tick{};
  std::optional<std::string> metadata{};
  std::optional<bool> paused{};
};

// The settings with the patch's fields replaced. Error: invalid (field closes_at) when the window
// would be empty.
[[nodiscard]] Result<CampaignSettings> apply(CampaignSettings settings, const CampaignPatch& patch);

struct CampaignChange {
  enum class Kind : std::uint8_t {
    put,    // makes the campaign, or replaces all settings but `paused`
    patch,  // changes what is named of a campaign that exists
  };
  CampaignId id{};
  Kind kind = Kind::put;
  CampaignPatch patch{};
};

struct Campaign {
  CampaignId id{};
  CampaignNumber number{};
  std::shared_ptr<const CampaignSettings> settings{};
  std::uint32_t issued = 0;  // also the rank of the newest coupon
};

enum class CampaignState : std::uint8_t { scheduled, open, sold_out, paused, closed };

// How many claims may wait in a campaign's queue: not so many more than can win that most wait for
// nothing, but a crowd of usual size always, and never more than `configured`.
[[nodiscard]] std::uint64_t queue_depth_max(const CampaignSettings& settings,
                                            std::uint64_t configured) noexcept;

[[nodiscard]] std::string_view to_string(CampaignState state) noexcept;
[[nodiscard]] std::string_view to_string(Mode mode) noexcept;

// In the precedence of replies to a claim: paused, scheduled, closed, sold_out, open.
[[nodiscard]] CampaignState state_at(const CampaignSettings& settings, std::uint32_t issued,
                                     Time now) noexcept;

}  // namespace firstcome
