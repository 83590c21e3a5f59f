#include "verify/text_ids.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

namespace firstcome {
namespace {

using Size = std::uint16_t;
constexpr std::size_t block_bytes = 1 << 20;

}  // namespace

std::string_view TextIds::Stored::view() const {
  Size size;
  std::memcpy(&size, at, sizeof size);
  return {at + sizeof size, size};
}

std::size_t TextIds::Hash::operator()(std::string_view text) const {
  return std::hash<std::string_view>{}(text);
}

std::size_t TextIds::Hash::operator()(std::uint32_t id) const {
  return (*this)(ids->text(id));
}

TextIds::TextIds() : index_(0, Hash{this}, Equal{this}) {}

std::uint32_t TextIds::id(std::string_view text) {
  text = text.substr(0, std::numeric_limits<Size>::max());
  if (const auto found = index_.find(text); found != index_.end()) return *found;
  texts_.push_back(store(text));
  return *index_.insert(size() - 1).first;
}

TextIds::Stored TextIds::store(std::string_view text) {
  const auto size = static_cast<Size>(text.size());
  if (blocks_.empty() || used_ + sizeof size + size > block_bytes) {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_bytes));
    used_ = 0;
  }
  char* at = blocks_.back().get() + used_;
  std::memcpy(at, &size, sizeof size);
  std::ranges::copy(text, at + sizeof size);
  used_ += sizeof size + size;
  return {at};
}

}  // namespace firstcome
