#include "queue/memory_queue.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_map.hpp>
#include <deque>

#include "core/check.hpp"

namespace firstcome {
namespace {

struct PrintHash {
  using is_avalanching = void;  // fingerprints are random already
  std::size_t operator()(const Fingerprint& print) const noexcept { return print.low; }
};

// One campaign's parked claims.
struct Line {
  struct Seat {
    Ticket ticket{};
    Outcome outcome = Outcome::queued;
  };
  using Seats = boost::unordered_flat_map<Fingerprint, Seat, PrintHash>;

  std::deque<Claim> claims;  // in ticket order
  Seats by_user;             // the user's newest
  Seats by_claim;            // under the Idempotency-Key
  Ticket back{};             // the newest ever

  void seat(const Identity& identity, Seat seat) {
    by_user[identity.user] = seat;
    if (identity.keyed()) by_claim[identity.claim] = seat;
    back = std::max(back, seat.ticket);
  }

  // A verdict for the claim with this ticket; a newer claim of the same user keeps its own seat.
  static void end(Seats& seats, const Fingerprint& print, Seat seat) {
    const auto found = seats.find(print);
    if (found == seats.end() || found->second.ticket != seat.ticket) return;
    if (seat.outcome == Outcome::issued) {
      seats.erase(found);  // the ledger knows it from now on
    } else {
      found->second = seat;
    }
  }

  [[nodiscard]] std::uint64_t position(Ticket ticket) const {
    const auto at = std::ranges::lower_bound(claims, ticket, {}, &Claim::ticket);
    return static_cast<std::uint64_t>(at - claims.begin()) + 1;
  }
};

}  // namespace

struct MemoryQueue::Lines {
  boost::unordered_map<std::uint32_t, Line> by_campaign;
  std::uint64_t parked = 0;

  [[nodiscard]] const Line* find(CampaignNumber campaign) const {
    const auto found = by_campaign.find(campaign.value);
    return found == by_campaign.end() ? nullptr : &found->second;
  }
};

MemoryQueue::MemoryQueue(Epoch epoch, Ticket first, std::function<void()> on_work)
    : epoch_(epoch),
      on_work_(std::move(on_work)),
      next_ticket_(first.value),
      lines_(std::make_unique<Lines>()) {}

MemoryQueue::~MemoryQueue() = default;

void MemoryQueue::enqueue(std::span<Claim> claims) {
  {
    const std::scoped_lock lock(arrivals_mutex_);
    for (Claim& claim : claims) {
      claim.epoch = epoch_;
      if (claim.reply_to.desk != ReplyTo::elsewhere) claim.ticket = Ticket{next_ticket_++};
    }
    arrivals_.insert(arrivals_.end(), claims.begin(), claims.end());
    waiting_ += claims.size();
  }
  on_work_();
}

std::span<Claim> MemoryQueue::take_batch(std::size_t max) {
  if (settled_ == taken_.size()) {
    taken_.clear();
    settled_ = 0;
    const std::scoped_lock lock(arrivals_mutex_);
    taken_.swap(arrivals_);
  }
  const std::span<Claim> left = std::span(taken_).subspan(settled_);
  return left.first(std::min(max, left.size()));
}

void MemoryQueue::settle(std::size_t count) {
  CHECK(settled_ + count <= taken_.size(), "settled more than was taken");
  settled_ += count;
  const std::scoped_lock lock(arrivals_mutex_);
  waiting_ -= count;
}

void MemoryQueue::leave_to_another(CampaignNumber campaign) {
  const auto is_left = [campaign](const Claim& claim) {
    return claim.campaign == campaign && claim.reply_to.desk == ReplyTo::elsewhere;
  };
  taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(settled_));
  settled_ = 0;
  const std::scoped_lock lock(arrivals_mutex_);
  waiting_ -= std::erase_if(taken_, is_left);
  waiting_ -= std::erase_if(arrivals_, is_left);
}

std::vector<Claim> MemoryQueue::take_out(CampaignNumber campaign) {
  leave_to_another(campaign);
  std::vector<Claim> own;
  const auto move_own = [&](std::vector<Claim>& claims) {
    const auto moved = std::ranges::stable_partition(
        claims, [campaign](const Claim& claim) { return claim.campaign != campaign; });
    own.insert(own.end(), moved.begin(), moved.end());
    claims.erase(moved.begin(), moved.end());
  };
  const std::scoped_lock lock(arrivals_mutex_);
  move_own(taken_);
  move_own(arrivals_);
  waiting_ -= own.size();
  return own;
}

std::vector<Claim> MemoryQueue::drop_behind(std::size_t count) {
  CHECK(settled_ + count <= taken_.size(), "kept more than was taken");
  const auto behind = taken_.begin() + static_cast<std::ptrdiff_t>(settled_ + count);
  std::vector<Claim> dropped(behind, taken_.end());
  taken_.erase(behind, taken_.end());
  const std::scoped_lock lock(arrivals_mutex_);
  dropped.insert(dropped.end(), arrivals_.begin(), arrivals_.end());
  arrivals_.clear();
  waiting_ -= dropped.size();
  return dropped;
}

void MemoryQueue::park(const Claim& claim) {
  has_lines_.store(true, std::memory_order_release);
  const std::unique_lock lock(lines_mutex_);
  Line& line = lines_->by_campaign[claim.campaign.value];
  CHECK(line.claims.empty() || line.claims.back().ticket < claim.ticket,
        "parked out of ticket order");
  line.claims.push_back(claim);
  line.seat(claim.identity, {.ticket = claim.ticket});
  ++lines_->parked;
}

void MemoryQueue::remember(CampaignNumber campaign, const Identity& identity, Ticket ticket,
                           Outcome outcome) {
  has_lines_.store(true, std::memory_order_release);
  const std::unique_lock lock(lines_mutex_);
  lines_->by_campaign[campaign.value].seat(identity, {ticket, outcome});
}

std::vector<Claim> MemoryQueue::front_of_line(CampaignNumber campaign, std::size_t max) {
  const std::shared_lock lock(lines_mutex_);
  const Line* line = lines_->find(campaign);
  if (line == nullptr) return {};
  const auto count = static_cast<std::ptrdiff_t>(std::min(max, line->claims.size()));
  return {line->claims.begin(), line->claims.begin() + count};
}

void MemoryQueue::settle_line(CampaignNumber campaign, std::span<const Outcome> outcomes) {
  const std::unique_lock lock(lines_mutex_);
  Line& line = lines_->by_campaign[campaign.value];
  CHECK(outcomes.size() <= line.claims.size(), "settled more than stands in the line");
  for (const Outcome outcome : outcomes) {
    const Claim& claim = line.claims.front();
    const Line::Seat seat{claim.ticket, outcome};
    Line::end(line.by_user, claim.identity.user, seat);
    if (claim.identity.keyed()) Line::end(line.by_claim, claim.identity.claim, seat);
    line.claims.pop_front();
  }
  lines_->parked -= outcomes.size();
}

std::uint64_t MemoryQueue::line_length(CampaignNumber campaign) const {
  if (!has_lines_.load(std::memory_order_acquire)) return 0;
  const std::shared_lock lock(lines_mutex_);
  const Line* line = lines_->find(campaign);
  return line == nullptr ? 0 : line->claims.size();
}

Ticket MemoryQueue::line_back(CampaignNumber campaign) const {
  if (!has_lines_.load(std::memory_order_acquire)) return {};
  const std::shared_lock lock(lines_mutex_);
  const Line* line = lines_->find(campaign);
  return line == nullptr ? Ticket{} : line->back;
}

std::optional<Place> MemoryQueue::place(CampaignNumber campaign, const Identity& identity) const {
  if (!has_lines_.load(std::memory_order_acquire)) return std::nullopt;
  const std::shared_lock lock(lines_mutex_);
  const Line* line = lines_->find(campaign);
  if (line == nullptr) return std::nullopt;
  const Line::Seats& seats = identity.keyed() ? line->by_claim : line->by_user;
  const auto found = seats.find(identity.keyed() ? identity.claim : identity.user);
  if (found == seats.end()) return std::nullopt;
  const Line::Seat& seat = found->second;
  const bool waits = seat.outcome == Outcome::queued;
  return Place{seat.ticket, waits ? line->position(seat.ticket) : 0, seat.outcome};
}

QueueDepth MemoryQueue::depth() const {
  QueueDepth depth;
  {
    const std::scoped_lock lock(arrivals_mutex_);
    depth.arrived = waiting_;
  }
  const std::shared_lock lock(lines_mutex_);
  depth.parked = lines_->parked;
  return depth;
}

}  // namespace firstcome
