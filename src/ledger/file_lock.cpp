#include "ledger/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace firstcome {
namespace {

std::string holder_of(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof text - 1, 0);
  std::string holder(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "another process" : "process " + holder;
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) {
    return fail(ErrorCode::unavailable, "cannot open " + path + ": " + std::strerror(errno));
  }
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::unavailable, path + " is locked by " + holder_of(fd.get()) +
                                            ": another firstcome serves this data");
  }
  const std::string id = std::to_string(getpid()) + "\n";
  if (ftruncate(fd.get(), 0) != 0 || pwrite(fd.get(), id.data(), id.size(), 0) < 0) {
    return fail(ErrorCode::unavailable, "cannot write " + path + ": " + std::strerror(errno));
  }
  return FileLock(std::move(fd));
}

}  // namespace firstcome
