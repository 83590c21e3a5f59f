#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

// The settings of `serve`, from four layers: flag > environment > config file (TOML) > default. A
// setting has one name in all of them: `io_threads` in the file is --io-threads and
// FIRSTCOME_IO_THREADS. Values are texts until the end, so every layer is checked alike and an
// error can say where the value came from.

namespace firstcome::cli {

struct SettingInfo {
  enum class Kind : std::uint8_t { text, number, flag };
  std::string_view name;
  Kind kind;
  std::string_view fallback;  // the default; empty: none
  std::string_view help;
  bool secret = false;
  std::int64_t min = 0;  // of a number
  std::int64_t max = 0;
};

// In the order in which --help and --print-config show them.
[[nodiscard]] const std::vector<SettingInfo>& all_settings();

[[nodiscard]] std::string flag_of(std::string_view name);  // --io-threads
[[nodiscard]] std::string env_of(std::string_view name);   // FIRSTCOME_IO_THREADS

// mysql://user:secret@host → mysql://user:***@host
[[nodiscard]] std::string without_password(std::string url);

class Settings {
 public:
  // `flags` holds what the command line gave, by name. Reads the environment, and the config file
  // when --config or FIRSTCOME_CONFIG names one. Error: invalid, with the value's source.
  [[nodiscard]] static Result<Settings> gather(const std::map<std::string, std::string>& flags);

  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::string source(std::string_view name) const;  // "flag --listen", "default", …

  // TOML that gives the same settings; secrets are hidden.
  [[nodiscard]] std::string print() const;

 private:
  struct Value {
    std::string text;
    std::string source;
  };

  [[nodiscard]] Result<void> read_file(const std::string& path);
  [[nodiscard]] Result<void> set(const SettingInfo& setting, std::string text, std::string source);
  [[nodiscard]] const Value& value(std::string_view name) const;

  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace firstcome::cli
