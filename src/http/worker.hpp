#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "core/claim.hpp"
#include "http/response.hpp"
#include "ledger/ledger.hpp"

// One thread for what may wait on the disk and is not a claim: listings, and the metrics' text. So
// an export never holds up an I/O thread. Any thread submits.

namespace firstcome::http {

class Worker {
 public:
  using Job = std::move_only_function<Response(LedgerReader&)>;
  using Deliver = std::function<void(ReplyTo, Response)>;

  // `deliver` is called on this worker's thread with every job's reply.
  Worker(std::unique_ptr<LedgerReader> reader, Deliver deliver);
  ~Worker();  // finishes the job at hand, drops the others, and joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void submit(ReplyTo reply_to, Job job);

 private:
  void run(const std::stop_token& stop);

  std::unique_ptr<LedgerReader> reader_;
  Deliver deliver_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::pair<ReplyTo, Job>> jobs_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace firstcome::http
