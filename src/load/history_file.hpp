#pragma once

#include <fstream>
#include <mutex>
#include <string>
#include <string_view>

#include "core/error.hpp"

// The history as a file: NDJSON, a line an attempt, lines of all threads mixed. Threads gather
// lines and hand over blocks, so that the lock is taken and the file written once for hundreds of
// lines.
//
// Any thread may write. A failed write is remembered and told by close().

namespace firstcome::load {

class HistoryFile {
 public:
  // An empty path gives a history that keeps nothing. Replaces the file. Error: invalid (field
  // "history") when it cannot be opened.
  [[nodiscard]] Result<void> open(const std::string& path);
  [[nodiscard]] bool is_open() const noexcept { return open_; }

  // Whole lines.
  void write(std::string_view lines);

  // Error: unavailable when not everything was written.
  [[nodiscard]] Result<void> close();

 private:
  bool open_ = false;
  std::string path_{};
  std::mutex mutex_;
  std::ofstream file_;  // guarded by mutex_
};

}  // namespace firstcome::load
