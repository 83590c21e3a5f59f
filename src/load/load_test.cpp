#include "load/load_test.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "load/file_limit.hpp"
#include "load/history_file.hpp"
#include "load/recorder.hpp"
#include "load/stop_signals.hpp"
#include "load/worker.hpp"

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

constexpr Monotonic show_every = 1s;

// What one thread works with. Its parts refer to each other, so it stays where it was made.
struct Hand {
  Progress progress{};
  Recorder recorder;
  Worker worker;

  Hand(const Plan& plan, std::uint64_t connections, const ClaimRequest& request,
       HistoryFile& history, const Clock& clock, const std::atomic<Ending>& ending)
      : recorder(plan, request, history, progress),
        worker(plan, connections, request, recorder, clock, ending) {}
};

class LoadTest {
 public:
  LoadTest(const Plan& plan, const Clock& clock, ClaimRequest request, HistoryFile& history);

  Run run(const ShowProgress& show);

 private:
  void work(std::uint32_t number);
  void warm_up(std::uint32_t number);
  void measure(std::uint32_t number);
  void on_stop_signal();
  void on_hand_done();
  void watch(const ShowProgress& show);
  [[nodiscard]] LiveLine::Totals totals() const;
  [[nodiscard]] Run result() const;

  const Plan& plan_;
  const Clock& clock_;
  ClaimRequest request_;
  std::atomic<Ending> ending_{Ending::not_asked};
  std::atomic<std::uint64_t> taken_{0};  // of the closed model's requests
  std::atomic<std::uint64_t> warmup_taken_{0};
  std::vector<std::unique_ptr<Hand>> hands_{};
  EventLoop loop_{};  // of the thread that called run()
  std::uint32_t done_ = 0;
  std::barrier<> ready_;
  std::atomic<Monotonic> start_{};  // of what is counted; zero until then
  std::atomic<Time> started_at_{};
};

std::uint64_t share_of(std::uint64_t all, std::uint32_t number, std::uint32_t parts) {
  return all / parts + (number < all % parts ? 1 : 0);
}

LoadTest::LoadTest(const Plan& plan, const Clock& clock, ClaimRequest request, HistoryFile& history)
    : plan_(plan), clock_(clock), request_(std::move(request)), ready_(plan.threads) {
  for (std::uint32_t i = 0; i < plan.threads; ++i) {
    hands_.push_back(std::make_unique<Hand>(plan, share_of(plan.connections, i, plan.threads),
                                            request_, history, clock, ending_));
  }
}

Run LoadTest::run(const ShowProgress& show) {
  const StopSignals signals(loop_, [this] { on_stop_signal(); });
  std::vector<std::jthread> threads;
  for (std::uint32_t i = 0; i < plan_.threads; ++i) {
    threads.emplace_back([this, i] { work(i); });
  }
  watch(show);
  threads.clear();  // joins
  return result();
}

void LoadTest::work(std::uint32_t number) {
  prctl(PR_SET_TIMERSLACK, 1'000UL);  // ns; the usual 50 µs would be seen as latency at a due time
  if (plan_.warmup > 0s) warm_up(number);
  ready_.arrive_and_wait();
  if (number == 0) {
    started_at_ = clock_.now();
    start_ = clock_.monotonic();
  }
  ready_.arrive_and_wait();
  measure(number);
  loop_.post([this] { on_hand_done(); });
}

void LoadTest::warm_up(std::uint32_t number) {
  const Monotonic start = clock_.monotonic();
  const Monotonic end = start + plan_.warmup;
  Worker& worker = hands_[number]->worker;
  if (plan_.model == Model::closed) {
    ClosedSource source(warmup_taken_, UINT64_MAX, end);
    return worker.warm_up(source, end);
  }
  const double requests = std::chrono::duration<double>(plan_.warmup).count() * plan_.rate;
  OpenSource source(plan_.rate, static_cast<std::uint64_t>(requests), start,
                    {number, plan_.threads});
  worker.warm_up(source, end);
}

void LoadTest::measure(std::uint32_t number) {
  const Monotonic start = start_;
  const Monotonic end = start + plan_.duration;
  Worker& worker = hands_[number]->worker;
  if (plan_.model == Model::closed) {
    ClosedSource source(taken_, plan_.requests, end);
    return worker.measure(source, end);
  }
  OpenSource source(plan_.rate, plan_.requests, start, {number, plan_.threads});
  worker.measure(source, end);
}

void LoadTest::on_stop_signal() {
  ending_ = ending_ == Ending::not_asked ? Ending::soon : Ending::now;
  for (const auto& hand : hands_) hand->worker.wake();
}

void LoadTest::on_hand_done() {
  if (++done_ == plan_.threads) loop_.stop();
}

void LoadTest::watch(const ShowProgress& show) {
  Monotonic next = clock_.monotonic() + show_every;
  while (done_ < plan_.threads) {
    loop_.run_once(std::max(next - clock_.monotonic(), Monotonic{}));
    if (clock_.monotonic() < next) continue;
    next += show_every;
    const Monotonic start = start_;
    const Monotonic elapsed = clock_.monotonic() - start;
    if (start > 0s && elapsed >= show_every / 2) show(totals(), elapsed);
  }
}

LiveLine::Totals LoadTest::totals() const {
  LiveLine::Totals totals;
  for (const auto& hand : hands_) {
    totals.requests += hand->progress.requests.load(std::memory_order_relaxed);
    totals.served += hand->progress.served.load(std::memory_order_relaxed);
    totals.failed += hand->progress.failed.load(std::memory_order_relaxed);
  }
  return totals;
}

Run LoadTest::result() const {
  Run run{.plan = plan_, .started_at = started_at_, .interrupted = ending_ != Ending::not_asked};
  Monotonic end = start_;
  for (const auto& hand : hands_) {
    run.tally.merge(hand->recorder.tally());
    run.connections_peak += hand->worker.connections_peak();
    end = std::max(end, hand->recorder.last_done());
  }
  run.elapsed = end - start_.load();
  return run;
}

}  // namespace

Result<Run> run_load_test(const Plan& plan, const Clock& clock, const ShowProgress& show) {
  if (const Result<void> raised = raise_file_limit(plan.connections); !raised) {
    return std::unexpected(raised.error());
  }
  Result<ClaimRequest> request =
      ClaimRequest::make({plan.authority, plan.campaign, plan.key}, plan.user_prefix, plan.users);
  if (!request) return std::unexpected(request.error());
  HistoryFile history;
  if (const Result<void> opened = history.open(plan.history_path); !opened) {
    return std::unexpected(opened.error());
  }
  Run run = LoadTest(plan, clock, *std::move(request), history).run(show);
  if (const Result<void> closed = history.close(); !closed) {
    return std::unexpected(closed.error());
  }
  return run;
}

}  // namespace firstcome::load
