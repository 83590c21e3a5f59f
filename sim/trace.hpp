#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "core/clock.hpp"

// What happened in a run: a hash of every event, so that two runs can be compared, and the events
// in words when they are asked for. One thread.

namespace firstcome::sim {

class Trace {
 public:
  struct Field {
    std::string_view name;
    std::uint64_t value;
  };

  Trace(const Clock& clock, bool verbose) : clock_(clock), verbose_(verbose) {}

  void note(std::string_view what, std::initializer_list<Field> fields = {});
  // The same with a word more: an outcome, a kind of reply.
  void note(std::string_view what, std::string_view word, std::initializer_list<Field> fields);

  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x9FB21C651E98DF25ULL + (hash_ >> 29); }
  void print(std::string_view what, std::string_view word,
             std::initializer_list<Field> fields) const;

  const Clock& clock_;
  bool verbose_;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

}  // namespace firstcome::sim
