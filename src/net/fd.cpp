#include "net/fd.hpp"

#include <unistd.h>

namespace firstcome {

void Fd::reset() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace firstcome
