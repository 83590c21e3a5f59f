#include "cli/settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "core/check.hpp"

namespace firstcome::cli {
namespace {

using Kind = SettingInfo::Kind;

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> parse_flag(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return std::nullopt;
}

std::string quoted(const std::string& text) {
  std::ostringstream out;
  out << toml::value<std::string>(text);
  return out.str();
}

std::optional<std::string> text_of(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  return std::nullopt;
}

std::string replace(std::string text, char from, char to) {
  std::ranges::replace(text, from, to);
  return text;
}

const SettingInfo* find_setting(std::string_view name) {
  const auto found = std::ranges::find(all_settings(), name, &SettingInfo::name);
  return found == all_settings().end() ? nullptr : &*found;
}

}  // namespace

const std::vector<SettingInfo>& all_settings() {
  constexpr std::int64_t day_ms = 86'400'000;
  static const std::vector<SettingInfo> settings{
      {"config", Kind::text, "", "TOML file with these settings"},
      {"listen", Kind::text, "127.0.0.1:8080", "HOST:PORT to serve on; port 0 takes a free one"},
      {"public", Kind::flag, "false", "Allow to listen beyond loopback"},
      {"metrics_listen", Kind::text, "", "HOST:PORT of its own for /metrics"},
      {"data", Kind::text, "data", "Directory for the ledger and the keys"},
      {"ledger", Kind::text, "", "URL of the ledger [sqlite:DATA/ledger.db]"},
      {"queue", Kind::text, "memory:", "URL of the queue"},
      {"queue_ack", Kind::text, "redis",
       "Who must have a claim before it is told to wait while the ledger is away: redis (and a "
       "replica) or ledger (then it is refused)"},
      {"queue_depth", Kind::number, "1000000", "Claims waiting in a campaign, then 503", false, 1,
       100'000'000},
      {"queue_grace_s", Kind::number, "3600", "How long keys in Redis outlive their campaign",
       false, 1, 7 * day_ms / 1000},
      {"no_migrate", Kind::flag, "false", "Only check the schema, never change it"},
      {"io_threads", Kind::number, "0", "Threads for connections; 0: one a core", false, 0, 256},
      {"connections_max", Kind::number, "20000", "Open connections a thread", false, 1, 10'000'000},
      {"waiting_max", Kind::number, "20000", "Claims waiting for their verdict a thread, then 503",
       false, 1, 10'000'000},
      {"header_timeout_ms", Kind::number, "10000", "For a request to arrive whole", false, 1,
       day_ms},
      {"idle_timeout_ms", Kind::number, "75000", "For a connection between requests", false, 1,
       day_ms},
      {"drain_timeout_ms", Kind::number, "30000", "For claims with tickets when stopping", false, 1,
       day_ms},
      {"log_level", Kind::text, "info", "debug, info, warn or error"},
      {"demo", Kind::flag, "false", "Open a campaign `demo`"},
      {"admin_key", Kind::text, "", "The admin key", true},
      {"admin_key_file", Kind::text, "", "File with the admin key [DATA/admin.key]"},
      {"issue_key", Kind::text, "", "The issue key", true},
      {"issue_key_file", Kind::text, "", "File with the issue key [DATA/issue.key]"},
      {"replace_keys", Kind::flag, "false", "Have a shared ledger take this server's keys"},
  };
  return settings;
}

std::string flag_of(std::string_view name) {
  return "--" + replace(std::string(name), '_', '-');
}

std::string env_of(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return "FIRSTCOME_" + text;
}

Result<Settings> Settings::gather(const std::map<std::string, std::string>& flags) {
  Settings result;
  const auto from_outside = [&](const SettingInfo& setting) -> Result<void> {
    const auto flag = flags.find(std::string(setting.name));
    if (flag != flags.end()) {
      return result.set(setting, flag->second, "flag " + flag_of(setting.name));
    }
    const std::string env = env_of(setting.name);
    const char* text = std::getenv(env.c_str());
    return text == nullptr ? Result<void>{} : result.set(setting, text, "environment " + env);
  };
  for (const SettingInfo& setting : all_settings()) {
    if (auto ok = from_outside(setting); !ok) return std::unexpected(ok.error());
  }
  if (result.values_.contains("config")) {
    auto ok = result.read_file(result.values_.at("config").text);
    if (!ok) return std::unexpected(ok.error());
  }
  for (const SettingInfo& setting : all_settings()) {
    result.values_.try_emplace(std::string(setting.name),
                               Value{std::string(setting.fallback), "default"});
  }
  return result;
}

Result<void> Settings::read_file(const std::string& path) {
  const toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    std::ostringstream where;
    where << parsed.error().source().begin;
    return invalid("config", "config file " + path + ": " +
                                 std::string(parsed.error().description()) + " at " + where.str());
  }
  for (const auto& [key, node] : parsed.table()) {
    const std::string name(key.str());
    const std::string source =
        "config file " + path + " line " + std::to_string(node.source().begin.line);
    const SettingInfo* setting = find_setting(name);
    if (setting == nullptr || name == "config") {
      return invalid(name, source + ": unknown setting '" + name + "'");
    }
    const auto text = text_of(node);
    if (!text) return invalid(name, source + ": " + name + " is a text, a number or a boolean");
    if (values_.contains(name)) continue;  // a flag or the environment has said it
    if (auto ok = set(*setting, *text, source); !ok) return ok;
  }
  return {};
}

Result<void> Settings::set(const SettingInfo& setting, std::string text, std::string source) {
  const std::string name(setting.name);
  if (setting.kind == Kind::number) {
    const auto number = parse_number(text);
    if (!number || *number < setting.min || *number > setting.max) {
      return invalid(name, source + ": " + name + " must be a whole number from " +
                               std::to_string(setting.min) + " to " + std::to_string(setting.max) +
                               ", got '" + text + "'");
    }
  }
  if (setting.kind == Kind::flag && !parse_flag(text)) {
    return invalid(name, source + ": " + name + " must be true or false, got '" + text + "'");
  }
  values_.insert_or_assign(name, Value{std::move(text), std::move(source)});
  return {};
}

const Settings::Value& Settings::value(std::string_view name) const {
  const auto found = values_.find(name);
  CHECK(found != values_.end(), "asked for a setting that is none");
  return found->second;
}

std::string Settings::text(std::string_view name) const {
  return value(name).text;
}

std::int64_t Settings::number(std::string_view name) const {
  return parse_number(value(name).text).value_or(0);
}

bool Settings::flag(std::string_view name) const {
  return parse_flag(value(name).text).value_or(false);
}

std::string Settings::source(std::string_view name) const {
  return value(name).source;
}

std::string without_password(std::string url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t begin = scheme + 3;
  const std::size_t end = url.rfind('@');  // one in the password should be %40, but who knows
  const std::size_t colon = url.find(':', begin);
  if (end == std::string::npos || end < begin || colon > end) return url;
  return url.replace(colon + 1, end - colon - 1, "***");
}

std::string Settings::print() const {
  std::string out;
  for (const SettingInfo& setting : all_settings()) {
    const Value& present = value(setting.name);
    if (setting.name == "config" || present.text.empty()) continue;
    const std::string shown = setting.secret ? "(hidden)" : without_password(present.text);
    out.append(setting.name).append(" = ");
    out.append(setting.kind == Kind::number ? shown
               : setting.kind == Kind::flag ? (flag(setting.name) ? "true" : "false")
                                            : quoted(shown));
    out.append("  # ").append(present.source).append("\n");
  }
  return out;
}

}  // namespace firstcome::cli
