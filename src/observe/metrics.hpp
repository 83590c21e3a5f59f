#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Counters and histograms that cost the hot path one relaxed addition, and their text for
// Prometheus. Every thread has a shard of its own, so threads share no cache line; a scrape adds
// the shards up. (prometheus-cpp's own Histogram takes a lock at each observation.)
//
// Thread rule: a shard's metrics may be changed by any thread, but should be by one. Shards and
// gauges are made at start; text() may be called from any thread at any time.

namespace firstcome {

class Counter {
 public:
  void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Counts observations below fixed upper bounds.
class Histogram {
 public:
  static constexpr std::size_t bounds_max = 24;

  // `bounds` rise, outlive the histogram, and are at most bounds_max.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) {}

  void observe(double value);
  // The seconds since then.
  void observe_since(std::chrono::steady_clock::time_point start) {
    observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }

  [[nodiscard]] std::span<const double> bounds() const { return bounds_; }
  [[nodiscard]] std::uint64_t count_in(std::size_t bucket) const {
    return buckets_[bucket].load(std::memory_order_relaxed);
  }
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::span<const double> bounds_;
  std::array<std::atomic<std::uint64_t>, bounds_max + 1> buckets_{};
  std::atomic<double> sum_{0};
};

// Seconds from 10 µs to 10 s; claims from 1 to 4096.
extern const std::span<const double> seconds_bounds;
extern const std::span<const double> size_bounds;

using Labels = std::map<std::string, std::string>;

class Metrics {
 public:
  class Shard {
   public:
    // The same name and labels give the same metric. The reference stays valid as long as Metrics.
    Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Histogram& histogram(std::string_view name, std::string_view help,
                         std::span<const double> bounds, const Labels& labels = {});

   private:
    friend class Metrics;
    struct Series {
      std::string name;
      std::string help;
      Labels labels;
      friend auto operator<=>(const Series&, const Series&) = default;
    };
    mutable std::mutex mutex_;  // for making and listing series, not for counting
    std::map<Series, Counter> counters_;
    std::map<Series, Histogram> histograms_;
  };

  Metrics() = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // A new shard, valid as long as this.
  [[nodiscard]] Shard& shard();

  // A value read at each scrape, on the scraping thread. `is_counter`: it never falls.
  void gauge(std::string name, std::string help, Labels labels, std::function<double()> read,
             bool is_counter = false);

  // The Prometheus text exposition format, version 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct Gauge {
    std::string name;
    std::string help;
    Labels labels;
    std::function<double()> read;
    bool is_counter;
  };
  struct Families;

  mutable std::mutex mutex_;
  std::deque<Shard> shards_;   // guarded by mutex_
  std::vector<Gauge> gauges_;  // guarded by mutex_
};

// The usual process_* figures, read from /proc/self at each scrape.
void add_process_metrics(Metrics& metrics);

}  // namespace firstcome
