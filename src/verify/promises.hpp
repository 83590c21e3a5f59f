#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "verify/facts.hpp"

// Facts in, findings out: holds the eleven promises of docs/invariants against what clients and the
// ledger say. A promise is checked by one or more rules, each with its own needs: what a history
// alone can tell is told without a ledger, and the other way round. No rule raises a false alarm as
// long as its assumptions hold, which Evidence and the rules state. No I/O.

namespace firstcome {

// What a rule has found.
struct Findings {
  static constexpr std::size_t examples_max = 3;

  std::uint64_t checked = 0;
  std::uint64_t broken = 0;
  std::vector<std::string> examples{};  // the first few
  std::vector<std::string> notes{};     // what could not be judged, and why

  // `example` makes the words, and is only asked while they are wanted.
  template <class Example>
  void breaks(const Example& example) {
    if (++broken <= examples_max) examples.push_back(example());
  }
};

struct RuleReport {
  std::string_view subject{};   // what is counted in `checked`: "sold_out answers"
  std::string_view lacking{};   // why it was not checked, empty when it was
  std::string_view assuming{};  // what it takes for granted, empty for nothing
  Findings findings{};
};

enum class Judgement : std::uint8_t { holds, broken, not_checked };

struct PromiseReport {
  int number = 0;
  std::string_view name{};
  std::vector<RuleReport> rules{};

  // Broken if one rule is, not checked if no rule was.
  [[nodiscard]] Judgement verdict() const;
};

struct CheckOptions {
  // Stock was added while the history was recorded. What only holds for a fixed stock is then left
  // unchecked: nobody can tell from outside which sold_out was said before.
  bool stock_raised = false;
};

// All eleven, in order. Sorts the facts.
[[nodiscard]] std::vector<PromiseReport> check_promises(Facts& facts, const CheckOptions& options);

}  // namespace firstcome
