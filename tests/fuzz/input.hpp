#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The bytes that libFuzzer hands over, as text. A fuzzer states what must hold with CHECK, which
// aborts, which libFuzzer reports together with the input.

namespace firstcome {

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return size == 0 ? std::string_view()
                   : std::string_view(reinterpret_cast<const char*>(data), size);
}

}  // namespace firstcome

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
