#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

// Numbers texts in the order in which they are first seen, from 0. The verifier holds tens of
// millions of facts, each about a user: a number takes 4 bytes where a string takes 32 and a heap
// block. The texts lie behind each other in blocks that never move; the index holds numbers only.
// Texts of up to 65,535 bytes, longer ones are cut. One thread at a time.

namespace firstcome {

class TextIds {
 public:
  TextIds();
  TextIds(const TextIds&) = delete;
  TextIds& operator=(const TextIds&) = delete;

  // The text's number, a new one if it has none.
  [[nodiscard]] std::uint32_t id(std::string_view text);

  // Valid as long as this object. `id` is one that id() returned.
  [[nodiscard]] std::string_view text(std::uint32_t id) const { return texts_[id].view(); }

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(texts_.size()); }

 private:
  // Points at two bytes of length, then the text.
  struct Stored {
    const char* at;
    [[nodiscard]] std::string_view view() const;
  };
  struct Hash {
    using is_transparent = void;
    const TextIds* ids;
    std::size_t operator()(std::string_view text) const;
    std::size_t operator()(std::uint32_t id) const;
  };
  struct Equal {
    using is_transparent = void;
    const TextIds* ids;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(std::string_view a, std::uint32_t b) const { return a == ids->text(b); }
    bool operator()(std::uint32_t a, std::string_view b) const { return ids->text(a) == b; }
  };

  [[nodiscard]] Stored store(std::string_view text);

  std::vector<std::unique_ptr<char[]>> blocks_{};
  std::size_t used_ = 0;  // of the newest block
  std::vector<Stored> texts_{};
  boost::unordered_flat_set<std::uint32_t, Hash, Equal> index_;
};

}  // namespace firstcome
