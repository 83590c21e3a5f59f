#include "core/timestamp.hpp"

#include <optional>

namespace firstcome {
namespace {

using namespace std::chrono;

// Takes fixed-width fields from the front of a text; any mismatch makes the reader fail for good.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    return value;
  }

  char one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) {
      ok_ = false;
      return '\0';
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  // ".123456": the fraction's first three digits; 0 when there is none.
  int fraction_ms() {
    if (rest_.empty() || rest_.front() != '.') return 0;
    rest_.remove_prefix(1);
    int value = digit() * 100;
    for (int weight = 10; next_is_digit(); weight /= 10) value += digit() * weight;
    return value;
  }

  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }

 private:
  [[nodiscard]] bool next_is_digit() const {
    return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }
  int digit() {
    const char c = one_of("0123456789");
    return ok_ ? c - '0' : 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

std::optional<Time> read_time(std::string_view text) {
  FieldReader reader(text);
  const int y = reader.digits(4);
  reader.one_of("-");
  const int mo = reader.digits(2);
  reader.one_of("-");
  const int d = reader.digits(2);
  reader.one_of("Tt");
  const int h = reader.digits(2);
  reader.one_of(":");
  const int mi = reader.digits(2);
  reader.one_of(":");
  const int s = reader.digits(2);
  const int ms = reader.fraction_ms();
  minutes offset{0};
  const char sign = reader.one_of("Zz+-");
  if (sign == '+' || sign == '-') {
    const int oh = reader.digits(2);
    reader.one_of(":");
    const int om = reader.digits(2);
    if (oh > 23 || om > 59) return std::nullopt;
    offset = minutes(oh * 60 + om) * (sign == '-' ? -1 : 1);
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (!reader.done() || !date.ok() || h > 23 || mi > 59 || s > 59) return std::nullopt;
  return Time{sys_days{date}} + hours{h} + minutes{mi} + seconds{s} + milliseconds{ms} - offset;
}

void put_digits(std::string& text, std::size_t at, std::size_t width, int value) {
  for (std::size_t i = width; i > 0; --i) {
    text[at + i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

constexpr Time time_max = sys_days{year{10000} / 1 / 1} - milliseconds{1};

}  // namespace

std::string format_time(Time time) {
  const auto date_days = floor<days>(time);
  const year_month_day date{date_days};
  const hh_mm_ss clock{time - date_days};
  // By hand: every coupon on its way out passes here, and snprintf takes ten times as long.
  std::string text = "0000-00-00T00:00:00.000Z";
  put_digits(text, 0, 4, static_cast<int>(date.year()));
  put_digits(text, 5, 2, static_cast<int>(static_cast<unsigned>(date.month())));
  put_digits(text, 8, 2, static_cast<int>(static_cast<unsigned>(date.day())));
  put_digits(text, 11, 2, static_cast<int>(clock.hours().count()));
  put_digits(text, 14, 2, static_cast<int>(clock.minutes().count()));
  put_digits(text, 17, 2, static_cast<int>(clock.seconds().count()));
  put_digits(text, 20, 3, static_cast<int>(clock.subseconds().count()));
  return text;
}

Result<Time> parse_time(std::string_view text) {
  const std::optional<Time> time = read_time(text);
  if (!time || *time < Time{} || *time > time_max) {
    return fail(ErrorCode::invalid,
                "a time is RFC 3339 like 2026-11-22T12:00:00.000Z, between the years 1970 and "
                "9999");
  }
  return *time;
}

}  // namespace firstcome
