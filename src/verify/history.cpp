#include "verify/history.hpp"

#include <istream>

#include "core/ids.hpp"
#include "verify/history_line.hpp"

namespace firstcome {
namespace {

void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

// JSON is UTF-8 (RFC 8259, section 8.1). A text that is not cannot be a name the server accepts, so
// its foreign bytes only have to stay visible: each becomes U+FFFD.
void append_text(std::string& out, std::string_view text) {
  const bool well_formed = is_clean_utf8(text);
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      append_escaped(out, c);
    } else if (byte >= 0x80 && !well_formed) {
      out += "\\ufffd";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  out += '"';
}

void append_text_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    append_text(out, text);
  }
}

Result<void> read_line(std::string_view line, Attempt& attempt) {
  if (scan_attempt(line, attempt)) return {};
  return read_attempt_json(line, attempt);
}

}  // namespace

std::string format_attempt(const Attempt& attempt) {
  std::string out;
  out.reserve(192);
  append_text(out += "{\"campaign\":", attempt.campaign);
  append_text(out += ",\"user\":", attempt.user);
  append_text_or_null(out += ",\"key\":", attempt.key);
  out += ",\"sent_ns\":" + std::to_string(attempt.sent_ns);
  out += ",\"got_ns\":" + (attempt.got_ns ? std::to_string(*attempt.got_ns) : "null");
  out += ",\"status\":" + std::to_string(attempt.status);
  append_text(out += ",\"outcome\":", attempt.outcome);
  out += ",\"rank\":" + (attempt.rank != 0 ? std::to_string(attempt.rank) : "null");
  append_text_or_null(out += ",\"code\":", attempt.code);
  out += '}';
  return out;
}

Result<Attempt> parse_attempt(std::string_view line) {
  Attempt attempt;
  if (const auto read = read_line(line, attempt); !read) return std::unexpected(read.error());
  return attempt;
}

Result<void> read_history(std::istream& in, const std::function<void(const Attempt&)>& visit) {
  Attempt attempt;
  std::string line;
  for (std::uint64_t number = 1; std::getline(in, line); ++number) {
    if (const auto read = read_line(line, attempt); !read) {
      const std::string where = "line " + std::to_string(number) + ": ";
      return invalid(read.error().field, where + read.error().message);
    }
    visit(attempt);
  }
  if (in.bad()) return fail(ErrorCode::unavailable, "the history could not be read to its end");
  return {};
}

}  // namespace firstcome
