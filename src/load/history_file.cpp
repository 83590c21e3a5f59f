#include "load/history_file.hpp"

#include <cerrno>
#include <cstring>

namespace firstcome::load {

Result<void> HistoryFile::open(const std::string& path) {
  if (path.empty()) return {};
  path_ = path;
  file_.open(path, std::ios::out | std::ios::trunc | std::ios::binary);
  if (!file_) {
    return invalid("history", "cannot write history '" + path + "': " + std::strerror(errno));
  }
  open_ = true;
  return {};
}

void HistoryFile::write(std::string_view lines) {
  if (!open_) return;
  const std::scoped_lock lock(mutex_);
  file_.write(lines.data(), static_cast<std::streamsize>(lines.size()));
}

Result<void> HistoryFile::close() {
  if (!open_) return {};
  const std::scoped_lock lock(mutex_);
  file_.close();
  if (file_) return {};
  return fail(ErrorCode::unavailable, "history '" + path_ + "' is incomplete: a write failed");
}

}  // namespace firstcome::load
