#include "sim/trace.hpp"

#include <cstdio>
#include <string>

namespace firstcome::sim {

void Trace::note(std::string_view what, std::initializer_list<Field> fields) {
  note(what, {}, fields);
}

void Trace::note(std::string_view what, std::string_view word,
                 std::initializer_list<Field> fields) {
  mix(static_cast<std::uint64_t>(clock_.monotonic().count()));
  for (const char c : what) mix(static_cast<std::uint64_t>(c));
  for (const char c : word) mix(static_cast<std::uint64_t>(c));
  for (const Field& field : fields) mix(field.value);
  if (verbose_) print(what, word, fields);
}

void Trace::print(std::string_view what, std::string_view word,
                  std::initializer_list<Field> fields) const {
  const auto start = std::chrono::hours(1);
  const double at_ms =
      std::chrono::duration<double, std::milli>(clock_.monotonic() - start).count();
  std::string line(what);
  if (!word.empty()) line.append(" ").append(word);
  for (const Field& field : fields) {
    line.append("  ").append(field.name).append(" ").append(std::to_string(field.value));
  }
  std::printf("%10.3f ms  %s\n", at_ms, line.c_str());
}

}  // namespace firstcome::sim
