#include "load/response_parser.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace firstcome::load {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_status(std::string_view digits) {
  return digits.size() == 3 && digits[0] >= '2' && digits[0] <= '5' &&
         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

// The next line without its end; `rest` goes on after it.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find(line_end);
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + line_end.size());
  return line;
}

}  // namespace

ResponseParser::State ResponseParser::feed(std::string_view bytes) {
  bytes_ += bytes;
  if (head_size_ != 0) return read_body();
  return find_head();
}

void ResponseParser::reset() {
  bytes_.clear();  // the capacity stays
  head_size_ = 0;
  body_size_.reset();
  status_ = 0;
  keeps_alive_ = true;
  error_ = {};
}

std::string_view ResponseParser::body() const noexcept {
  return std::string_view(bytes_).substr(head_size_);
}

ResponseParser::State ResponseParser::fail_with(std::string_view why) {
  error_ = why;
  return State::failed;
}

ResponseParser::State ResponseParser::find_head() {
  const std::size_t end = bytes_.find(head_end);
  if (std::min(end, bytes_.size()) > head_size_max) return fail_with("head over 16 KiB");
  if (end == std::string::npos) return State::incomplete;
  std::string_view rest = std::string_view(bytes_).substr(0, end + line_end.size());
  if (!read_status_line(take_line(rest))) return fail_with("not an HTTP/1.x reply");
  while (!rest.empty()) {
    if (!read_field(take_line(rest))) return fail_with("malformed header field");
  }
  if (!body_size_) return fail_with("reply without Content-Length");
  if (*body_size_ > body_size_max) return fail_with("body over 1 MiB");
  head_size_ = end + head_end.size();
  return read_body();
}

ResponseParser::State ResponseParser::read_body() {
  const std::size_t size = bytes_.size() - head_size_;
  if (size > *body_size_) return fail_with("bytes after the reply");
  return size == *body_size_ ? State::complete : State::incomplete;
}

// "HTTP/1.1 201 Created" (RFC 9112, section 4). A reply of HTTP/1.0 closes unless it says
// otherwise.
bool ResponseParser::read_status_line(std::string_view line) {
  const bool versioned = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  if (!versioned || !is_status(line.substr(9, 3))) return false;
  if (line.size() > 12 && line[12] != ' ') return false;
  keeps_alive_ = line[7] == '1';
  std::from_chars(line.data() + 9, line.data() + 12, status_);
  return true;
}

bool ResponseParser::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (equal_ignoring_case(name, "content-length")) return read_content_length(value);
  if (equal_ignoring_case(name, "connection")) {
    if (equal_ignoring_case(value, "close")) keeps_alive_ = false;
    if (equal_ignoring_case(value, "keep-alive")) keeps_alive_ = true;
  }
  return true;
}

bool ResponseParser::read_content_length(std::string_view value) {
  std::size_t size = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, code] = std::from_chars(value.data(), end, size);
  if (code != std::errc{} || rest != end) return false;
  if (body_size_ && *body_size_ != size) return false;  // two lengths: RFC 9112, section 6.3
  body_size_ = size;
  return true;
}

}  // namespace firstcome::load
