#pragma once

#include <span>
#include <string>

#include "core/error.hpp"

// The files that a run leaves behind.

namespace firstcome::load {

struct Document {
  std::string name{};  // of the file, "summary.json"
  std::string text{};
};

// Writes them into the directory, which is made when it is missing; files there are replaced.
// Error: invalid, field "out".
[[nodiscard]] Result<void> write_documents(const std::string& directory,
                                           std::span<const Document> documents);

}  // namespace firstcome::load
