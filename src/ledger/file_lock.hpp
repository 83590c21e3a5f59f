#pragma once

#include <string>

#include "core/error.hpp"
#include "net/fd.hpp"

// Keeps a second server off: flock(2) on a file, held until destruction or the process's death,
// however it dies.

namespace firstcome {

class FileLock {
 public:
  // Makes the file if need be and writes the process id into it. Error: unavailable, when another
  // process holds it (the message has its id) or the file cannot be made.
  [[nodiscard]] static Result<FileLock> take(const std::string& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
};

}  // namespace firstcome
