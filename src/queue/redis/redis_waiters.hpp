#pragma once

#include <boost/unordered/unordered_map.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/claim.hpp"
#include "core/verdict.hpp"

// The claims of this server's clients that stand in the Redis queue, and the clients who wait for
// them: several when the same claim was sent more than once. Of those, and of all servers, only the
// one whose claim was the first in the queue is told "issued now".
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

  // It is in the queue, under this ticket if it was not there before.
  void confirm(const Name& name, std::optional<std::int64_t> ticket);

  // What became of the claim that had this ticket in the queue, at this server or another.
  struct Told {
    Name name{};
    std::int64_t ticket = 0;
    Verdict verdict{};
  };
  // Names that nobody here waits for are passed over.
  void answer(const std::vector<Told>& all);

  // Those who have waited since before `before`, once each `before`: to be sent again.
  [[nodiscard]] std::vector<Name> overdue(Monotonic before, Monotonic now);

  // Takes out who waits for this claim, for another way of issuing it.
  [[nodiscard]] std::vector<Claim> take(const Name& name);
  [[nodiscard]] std::vector<Claim> take_all();

  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::vector<Claim> claims;
    Monotonic since{};
    bool confirmed = false;
    std::optional<std::int64_t> ticket{};
    std::optional<Told> early{};  // came before it was known which ticket is the claim's own
  };
  struct NameHash {
    std::size_t operator()(const Name& name) const noexcept;
  };
  using ByDesk = std::map<std::uint16_t, std::vector<Verdict>>;

  static void address(const Entry& entry, const Told& told, ByDesk& by_desk);
  void deliver(ByDesk by_desk) const;

  const Deliver deliver_;
  mutable std::mutex mutex_;
  boost::unordered_map<Name, Entry, NameHash> entries_;  // guarded by mutex_
};

}  // namespace firstcome
