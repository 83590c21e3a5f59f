#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "cli/commands.hpp"

namespace firstcome::cli {
namespace {

std::string variable_of(const std::string& name) {
  std::string variable = "FIRSTCOME_" + name + "_KEY";
  std::ranges::transform(variable, variable.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return variable;
}

// An empty variable counts as none: that is how scripts unset one.
std::optional<std::string> environment(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::optional<std::string> first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  if (line.ends_with('\r')) line.pop_back();
  return line.empty() ? std::nullopt : std::optional(line);
}

}  // namespace

Result<std::string> find_key(const std::string& name, const std::string& data_dir) {
  const std::string variable = variable_of(name);
  if (const auto key = environment(variable)) return *key;
  const std::string file_variable = variable + "_FILE";
  const std::optional<std::string> named = environment(file_variable);
  const std::string path = named.value_or(data_dir + "/" + name + ".key");
  if (const auto key = first_line_of(path)) return *key;
  if (named) {
    return invalid(file_variable, "no " + name + " key: " + file_variable + " names '" + path +
                                      "', which cannot be read or is empty");
  }
  return invalid("data", "no " + name + " key: looked at " + variable + ", " + file_variable +
                             " and '" + path + "'; give --data DIR, the server's data directory");
}

}  // namespace firstcome::cli
