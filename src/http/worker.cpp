#include "http/worker.hpp"

#include <pthread.h>

namespace firstcome::http {

Worker::Worker(std::unique_ptr<LedgerReader> reader, Deliver deliver)
    : reader_(std::move(reader)),
      deliver_(std::move(deliver)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Worker::~Worker() {
  thread_.request_stop();
}

void Worker::submit(ReplyTo reply_to, Job job) {
  {
    const std::scoped_lock lock(mutex_);
    jobs_.emplace_back(reply_to, std::move(job));
  }
  wake_.notify_one();
}

void Worker::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "worker");
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    if (!wake_.wait(lock, stop, [this] { return !jobs_.empty(); })) return;
    auto [reply_to, job] = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    deliver_(reply_to, job(*reader_));
  }
}

}  // namespace firstcome::http
