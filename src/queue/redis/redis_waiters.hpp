#pragma once

#include <boost/unordered/unordered_map.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/claim.hpp"
#include "core/verdict.hpp"

// The claims of this server's clients that stand in the Redis queue, and the clients who wait for
// them: several when the same claim was sent more than once. Of those, and of all servers, only the
// one whose claim was the first in the queue is told "issued now".
//
// A claim whose campaign stands still is kept: the queue has written down that it waits, and its
// clients are told so. Its entry stays without them, so that it is sent and kept again if the queue
// is lost.
//
// Thread rule: any thread. Verdicts are delivered by the thread that brings them, outside the lock.

namespace firstcome {

class RedisWaiters {
 public:
  using Deliver = std::function<void(std::uint16_t desk, std::vector<Verdict> verdicts)>;

  explicit RedisWaiters(Deliver deliver) : deliver_(std::move(deliver)) {}

  struct Name {
    CampaignNumber campaign{};
    std::string claim{};  // its bytes in the queue
    friend bool operator==(const Name&, const Name&) = default;
  };

  // True: the same claim does not wait here yet, so it is to be sent.
  bool add(const Name& name, const Claim& claim, Monotonic now);

  // It is in the queue under this ticket; `is_new` says that it was not there before.
  void confirm(const Name& name, std::int64_t ticket, bool is_new);

  // Whether anybody here waits for this claim, or did and is not told yet.
  [[nodiscard]] bool waits_for(CampaignNumber campaign, std::string_view claim) const;

  // What became of the claim that had this ticket in the queue, at this server or another.
  struct Told {
    Name name{};
    std::int64_t ticket = 0;
    Verdict verdict{};
  };
  // Names that nobody here waits for are passed over, and a no to what had another ticket: that was
  // another time.
  void answer(const std::vector<Told>& all, Monotonic now);
  // Something was decided in this campaign.
  void note_decided(CampaignNumber campaign, Monotonic now);

  // To be sent again, which counts as done: what has waited for `soon` in a campaign in which as
  // long nothing was decided, and what has waited, or was kept, for `late`.
  [[nodiscard]] std::vector<Name> overdue(Monotonic soon, Monotonic late, Monotonic now);

  // Somebody has tried to issue in this campaign, and could not.
  void note_stalled(CampaignNumber campaign, Monotonic now);

  struct Patience {
    Monotonic stalled;   // where somebody has tried to issue after they came, and could not
    Monotonic silent;    // where nothing is known: longer than another leader takes to be found
    bool twice = false;  // has tried twice
  };
  struct Patient {
    Name name{};
    std::int64_t ticket = 0;
    bool is_own = false;     // it came into the queue from here, and never under another ticket
    bool is_silent = false;  // for that long
  };
  // To be told to wait, or not to: in the queue, and clients wait for that long in a campaign in
  // which as long nothing was decided.
  [[nodiscard]] std::vector<Patient> patient(const Patience& patience, Monotonic now) const;
  // It is kept: its clients are told where it stands.
  void note_kept(const Name& name, const Place& place, std::chrono::milliseconds eta);

  // The queue has lost what it held of this campaign: all is overdue, and none of it is kept.
  void note_lost(CampaignNumber campaign);

  // Takes out who waits for this claim, for another way of issuing it. They are marked as in a
  // queue if it is, or `may_be_in_queue`.
  [[nodiscard]] std::vector<Claim> take(const Name& name, bool may_be_in_queue);

  // Whether some claim of the campaign was decided since.
  [[nodiscard]] bool moves_since(CampaignNumber campaign, Monotonic since) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::vector<Claim> claims;  // of the clients who wait
    Monotonic since{};          // of the first of them
    Monotonic sent{};           // to the queue, the last time
    bool confirmed = false;
    bool kept = false;            // it is written down
    bool promised = false;        // that somebody was told so
    std::int64_t ticket = 0;      // in the queue
    bool is_own = false;          // it came there from here
    bool had_another = false;     // ticket, before
    std::optional<Told> early{};  // came before it was known which ticket the claim has
  };
  struct NameView {
    CampaignNumber campaign{};
    std::string_view claim{};
  };
  struct NameHash {
    std::size_t operator()(const Name& name) const noexcept;
    std::size_t operator()(const NameView& name) const noexcept;
  };
  struct NameEqual {
    bool operator()(const NameView& a, const Name& b) const noexcept {
      return a.campaign == b.campaign && a.claim == b.claim;
    }
  };
  // When nobody could issue in a campaign.
  struct Stalled {
    Monotonic last = Monotonic::min();
    Monotonic before = Monotonic::min();
  };
  using ByDesk = std::map<std::uint16_t, std::vector<Verdict>>;

  [[nodiscard]] bool moved_since(CampaignNumber campaign, Monotonic since) const;
  // Whether the verdict is the entry's, which is addressed then.
  [[nodiscard]] static bool address(const Entry& entry, const Told& told, ByDesk& by_desk);
  void deliver(ByDesk by_desk) const;

  const Deliver deliver_;
  mutable std::mutex mutex_;
  boost::unordered_map<Name, Entry, NameHash> entries_;  // guarded by mutex_
  // When something was decided last in a campaign, and when nothing could be; guarded by mutex_
  std::unordered_map<std::uint32_t, Monotonic> decided_;
  std::unordered_map<std::uint32_t, Stalled> stalled_;
};

}  // namespace firstcome
