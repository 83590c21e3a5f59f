#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/ids.hpp"

// Requests rendered once; for each claim only the user's digits are written over. User numbers are
// padded to one width ("u000001"), so that Content-Length and the place of the digits never change.
//
// One thread each; copy one for another thread.

namespace firstcome::load {

struct RequestTarget {
  std::string authority{};  // "127.0.0.1:8080", for Host
  std::string campaign{};
  std::string key{};  // the bearer key, empty for none
};

class ClaimRequest {
 public:
  // Users are numbered from 1 to `users`. Error: invalid (field "user-prefix") when the ids would
  // not be valid user ids.
  [[nodiscard]] static Result<ClaimRequest> make(const RequestTarget& target,
                                                 const std::string& prefix, std::uint64_t users);

  // The request of this user's claim; valid until the next call.
  [[nodiscard]] std::string_view render(std::uint64_t number);

  [[nodiscard]] std::string user(std::uint64_t number) const;

 private:
  ClaimRequest() = default;
  void write_digits(std::uint64_t number, std::string& text, std::size_t at) const;

  std::string text_{};
  std::size_t digits_at_ = 0;
  std::size_t width_ = 0;
  std::string prefix_{};
};

// GET of the campaign, which takes nothing: what warms up connections and server.
[[nodiscard]] std::string render_warmup(const RequestTarget& target);

}  // namespace firstcome::load
