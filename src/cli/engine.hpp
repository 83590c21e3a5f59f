#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/cursor.hpp"
#include "core/identity.hpp"
#include "ledger/ledger.hpp"
#include "observe/metrics.hpp"
#include "queue/queue.hpp"

namespace firstcome::cli {

// What a server stands on, opened from two URLs. The pieces refer to each other and to the
// fingerprints and metrics they were opened with; queue and reader go before the ledger.
struct Engine {
  std::shared_ptr<void> foundation;  // what the others stand on: goes last
  std::string name;                  // for the banner: "embedded"
  std::vector<std::string> warnings{};
  std::string durability;  // for the banner: what a "yes" outlives
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<LedgerReader> reader;
  std::unique_ptr<Queue> queue;
  std::unique_ptr<KeyBook> keys{};  // null where one server has the ledger to itself
  CouponCodes codes;
  Cursors cursors;
};

// Of a queue that servers have in common.
struct QueueSettings {
  bool ack_by_ledger = false;
  std::uint64_t depth_max = 1'000'000;
  std::chrono::seconds grace{3600};
};

struct EngineRequest {
  std::string ledger_url;
  std::string queue_url;
  bool migrate = true;
  QueueSettings queue{};
  const Fingerprints& fingerprints;
  const Clock& clock;
  Metrics& metrics;
  std::function<void()> on_work;  // claims have arrived: wakes the issuing thread
  // Verdicts from other servers, on the queue's own threads.
  std::function<void(std::uint16_t desk, std::vector<Verdict> verdicts)> on_verdicts;
};

}  // namespace firstcome::cli
