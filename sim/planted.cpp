#include "sim/planted.hpp"

#include <utility>

namespace firstcome::sim {
namespace {

std::string& current() {
  static std::string name;
  return name;
}

}  // namespace

void plant(std::string name) {
  current() = std::move(name);
}

bool planted(std::string_view name) {
  return !current().empty() && current() == name;
}

}  // namespace firstcome::sim
