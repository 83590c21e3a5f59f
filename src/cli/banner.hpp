#pragma once

#include <string>

namespace firstcome::cli {

// What a server says of itself when it is ready.
struct Banner {
  std::string version;
  std::string engine;
  std::string durability;
  std::string url;
  std::string metrics_url;
  std::string admin_key_place;
  std::string issue_key_place;
  std::string issue_key_expression;  // what the shell puts in: "$(cat …/issue.key)"
  bool demo = false;
};

// Lines for a terminal, in colour when asked. With a demo campaign, or any, a curl line to paste.
[[nodiscard]] std::string render(const Banner& banner, bool colours);

}  // namespace firstcome::cli
