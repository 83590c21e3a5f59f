#include <charconv>

#include "verify/history_line.hpp"

// The fast reader. It goes through the line once and gives up at the first surprise.

namespace firstcome {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view rest) : rest_(rest) {}

  [[nodiscard]] bool literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  [[nodiscard]] bool text(std::string& into) {
    if (!literal("\"")) return false;
    std::size_t size = 0;
    while (size < rest_.size() && plain(rest_[size])) ++size;
    into.assign(rest_.data(), size);
    rest_.remove_prefix(size);
    return literal("\"");
  }

  [[nodiscard]] bool text_or_null(std::string& into) {
    into.clear();
    return literal("null") || text(into);
  }

  template <class Int>
  [[nodiscard]] bool number(Int& into) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), into);
    if (error != std::errc{}) return false;
    const std::string_view spelled(rest_.data(), end);
    if (spelled.starts_with("-0") || (spelled.starts_with('0') && spelled != "0")) return false;
    rest_.remove_prefix(spelled.size());
    return true;
  }

  [[nodiscard]] bool time_or_null(std::optional<std::int64_t>& into) {
    into.reset();
    return literal("null") || number(into.emplace());
  }

  [[nodiscard]] bool rank_or_null(std::uint64_t& into) {
    into = 0;
    return literal("null") || number(into);
  }

  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  // UTF-8 beyond ASCII has to be validated, escapes undone: work for the other reader.
  [[nodiscard]] static bool plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

  std::string_view rest_;
};

}  // namespace

bool scan_attempt(std::string_view line, Attempt& attempt) {
  Scanner in(line);
  return in.literal("{\"campaign\":") && in.text(attempt.campaign) &&      //
         in.literal(",\"user\":") && in.text(attempt.user) &&              //
         in.literal(",\"key\":") && in.text_or_null(attempt.key) &&        //
         in.literal(",\"sent_ns\":") && in.number(attempt.sent_ns) &&      //
         in.literal(",\"got_ns\":") && in.time_or_null(attempt.got_ns) &&  //
         in.literal(",\"status\":") && in.number(attempt.status) &&        //
         in.literal(",\"outcome\":") && in.text(attempt.outcome) &&        //
         in.literal(",\"rank\":") && in.rank_or_null(attempt.rank) &&      //
         in.literal(",\"code\":") && in.text_or_null(attempt.code) &&      //
         in.literal("}") && in.done();
}

}  // namespace firstcome
