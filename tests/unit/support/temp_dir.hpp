#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "core/check.hpp"

// A directory of the test's own, removed with all that is in it.

namespace firstcome::testing {

class TempDir {
 public:
  TempDir() : path_(std::filesystem::temp_directory_path() / "firstcome-XXXXXX") {
    CHECK(mkdtemp(path_.data()) != nullptr, "the system gives no directory");
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace firstcome::testing
