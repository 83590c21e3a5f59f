#include "cli/server_keys.hpp"

#include <unistd.h>

#include <array>
#include <filesystem>

#include "gate/keys.hpp"

namespace firstcome::cli {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "another machine";
}

std::string content_of(const std::string& path) {
  return "$(cat '" + path + "')";
}

std::string own_path(const KeySource& source) {
  return key_path(source.directory, source.name);
}

}  // namespace

Result<GivenKeys> GivenKeys::read(const Settings& settings) {
  auto admin = read_one(settings, "admin");
  if (!admin) return std::unexpected(admin.error());
  auto issue = read_one(settings, "issue");
  if (!issue) return std::unexpected(issue.error());
  GivenKeys keys;
  keys.admin_ = *std::move(admin);
  keys.issue_ = *std::move(issue);
  keys.replace_ = settings.flag("replace_keys");
  return keys;
}

Result<GivenKeys::Given> GivenKeys::read_one(const Settings& settings, const std::string& role) {
  Given given;
  given.source.name = role;
  given.source.directory = std::filesystem::absolute(settings.text("data")).string();
  given.source.host = host_name();
  const std::string setting = role + "_key";
  const std::string file = settings.text(setting + "_file");
  Result<std::string> text;
  if (!settings.text(setting).empty()) {
    given.source.given_by = settings.source(setting);
    given.expression = "$" + env_of(setting);
    text = check_key(settings.text(setting), given.source.given_by);
  } else if (!file.empty()) {
    given.source.given_by = file;
    given.expression = content_of(file);
    text = key_in_file(file);
  }
  if (!text) return std::unexpected(text.error());
  given.source.given = *std::move(text);
  return given;
}

Result<ServerKeys> GivenKeys::settle(KeyBook* book) const {
  if (book != nullptr) {
    const auto shared = settle_keys(admin_.source, issue_.source, *book, replace_);
    if (!shared) return std::unexpected(shared.error());
    return ServerKeys{shown(shared->admin, admin_), shown(shared->issue, issue_)};
  }
  const auto admin = own(admin_);
  if (!admin) return std::unexpected(admin.error());
  const auto issue = own(issue_);
  if (!issue) return std::unexpected(issue.error());
  if (admin->hash != issue->hash) return ServerKeys{*admin, *issue};
  return invalid("issue_key", "the issue key (" + issue->place + ") and the admin key (" +
                                  admin->place +
                                  ") are the same: whoever may claim could change campaigns");
}

Result<ServerKey> GivenKeys::own(const Given& given) {
  const KeySource& source = given.source;
  if (!source.given.empty()) {
    return ServerKey{KeyHash::of(source.given), source.given_by, given.expression};
  }
  const auto text = key_in_directory(source.directory, source.name);
  if (!text) return std::unexpected(text.error());
  const std::string path = own_path(source);
  return ServerKey{KeyHash::of(*text), path, content_of(path)};
}

ServerKey GivenKeys::shown(const SharedKey& key, const Given& given) {
  if (!key.has_text) {
    return {key.hash, "known by its hash; the key itself: " + key.place,
            "$" + env_of(given.source.name + "_key")};
  }
  const bool is_given = !given.source.given.empty();
  return {key.hash, key.place, is_given ? given.expression : content_of(own_path(given.source))};
}

}  // namespace firstcome::cli
