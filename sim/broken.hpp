#pragma once

#include <string>

// A promise of DESIGN's list found broken, or a CHECK of the code that failed. Thrown from wherever
// it is seen; ends the run.

namespace firstcome::sim {

struct Broken {
  int promise = 0;  // 0: a CHECK, or a contract between the parts
  std::string words;
};

[[noreturn]] inline void broken(int promise, std::string words) {
  throw Broken{promise, std::move(words)};
}

// The process died at this point: all that was not durable is gone.
struct Crashed {};

}  // namespace firstcome::sim
