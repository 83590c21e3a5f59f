#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

// Failures that callers treat differently. A driver's own errors (SQLite result codes, errno) are
// translated to these at its edge. What a claim comes to is not an error but an Outcome.

namespace firstcome {

enum class ErrorCode : std::uint8_t {
  invalid,      // the input is wrong; the same input stays wrong
  not_found,    // what was named does not exist
  conflict,     // the input is well formed, the present state forbids it
  unavailable,  // a part this depends on is away or refuses; nothing was done
  timeout,      // gave up waiting; nothing was done
  corrupt,      // stored data contradicts itself or the promises
  unknown,      // it may or may not have been done
};

[[nodiscard]] const char* to_string(ErrorCode code) noexcept;

struct Error {
  ErrorCode code;
  std::string message;  // a sentence for people: what, where, and what to change
  std::string field{};  // the input field at fault, when one is
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message,
                                                 std::string field = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(field)});
}

[[nodiscard]] inline std::unexpected<Error> invalid(std::string field, std::string message) {
  return fail(ErrorCode::invalid, std::move(message), std::move(field));
}

}  // namespace firstcome
