#include "gate/shared_keys.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "gate/keys.hpp"

namespace firstcome {
namespace {

// Keeps servers of one directory from making its keys at the same time. Where a file system has no
// such lock (some of the network's), they have to be started one after the other.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    while (fd_ >= 0 && flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  const int fd_;
};

// One of a server's keys on its way. A new one is written beside its place first, and moved there
// once the book has its hash: so the directory never holds a key that nobody takes, and a crash in
// between leaves the text of what the book has. A crash while the book was being told leaves open
// whether it will have it, also for whoever reads the book then: so the next start offers the same
// key again, and would not make another in its place.
class Settling {
 public:
  Settling(const KeySource& source, KeyBook& book) : source_(source), book_(book) {}

  // What is known before anything is made.
  [[nodiscard]] Result<void> look() {
    auto kept = book_.find(source_.name);
    if (!kept) return std::unexpected(kept.error());
    kept_ = *std::move(kept);
    if (!source_.given.empty()) {
      own_ = KeptKey{KeyHash::of(source_.given), source_.host + ", " + source_.given_by};
      place_ = source_.given_by;
      return {};
    }
    if (auto ok = end_what_was_begun(); !ok) return ok;
    if (!exists(path())) return {};
    const auto text = key_in_file(path());
    if (!text) return std::unexpected(text.error());
    own_ = KeptKey{KeyHash::of(*text), source_.host + ":" + path()};
    place_ = path();
    return {};
  }

  // The hash that will be settled on, if it is known already.
  [[nodiscard]] std::optional<KeyHash> hash() const {
    if (own_) return own_->hash;
    return kept_ ? std::optional(kept_->hash) : std::nullopt;
  }

  [[nodiscard]] Result<SharedKey> settle(bool replace) {
    if (kept_ && (!own_ || own_->hash == kept_->hash)) return result();
    if (kept_ && !replace) return std::unexpected(differs());
    if (!own_) {
      if (auto ok = make(); !ok) return std::unexpected(ok.error());
    }
    if (replace && !is_made_) {
      if (auto ok = book_.replace(source_.name, *own_); !ok) return std::unexpected(ok.error());
      kept_ = own_;
    } else {
      auto kept = book_.keep(source_.name, *own_);
      if (!kept) return std::unexpected(kept.error());
      kept_ = *std::move(kept);
    }
    if (is_made_) return end_making();
    if (own_->hash == kept_->hash) return result();
    return std::unexpected(differs());
  }

 private:
  [[nodiscard]] std::string path() const { return key_path(source_.directory, source_.name); }
  [[nodiscard]] std::string beside() const { return path() + ".new"; }

  static bool exists(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
  }

  // A key to offer: on the disk, its file's name too, before the book knows of it.
  [[nodiscard]] Result<void> make() {
    auto text = text_beside();
    const auto written = text ? sync_key(beside()) : write_key(beside(), *(text = new_key()));
    if (!written) return written;
    own_ = KeptKey{KeyHash::of(*text), source_.host + ":" + path()};
    place_ = path();
    is_made_ = true;
    return {};
  }

  [[nodiscard]] Result<SharedKey> end_making() {
    if (own_->hash == kept_->hash) {
      if (auto ok = move_key(beside(), path()); !ok) return std::unexpected(ok.error());
      return result();
    }
    own_.reset();  // another server was faster
    remove_beside();
    return result();
  }

  // What a server has left that ended between telling the book and moving the file, or removing it.
  [[nodiscard]] Result<void> end_what_was_begun() {
    if (!kept_ || exists(path()) || !exists(beside())) return {};
    const auto text = text_beside();
    if (text && KeyHash::of(*text) == kept_->hash) return move_key(beside(), path());
    remove_beside();
    return {};
  }

  // The whole key that waits to be moved; a crash may have left half of one.
  [[nodiscard]] std::optional<std::string> text_beside() const {
    auto text = key_in_file(beside());
    return text && text->size() == new_key_size ? std::optional(*std::move(text)) : std::nullopt;
  }

  void remove_beside() const {
    std::error_code ignored;
    std::filesystem::remove(beside(), ignored);
  }

  [[nodiscard]] SharedKey result() const {
    if (own_) return {.hash = own_->hash, .has_text = true, .place = place_};
    return {.hash = kept_->hash, .has_text = false, .place = kept_->origin};
  }

  [[nodiscard]] Error differs() const {
    const bool is_given = !source_.given.empty();
    return {ErrorCode::invalid,
            (is_given ? place_ + ": this " + source_.name + " key"
                      : "the " + source_.name + " key in " + place_) +
                " is not the one that the servers of this ledger take (" + kept_->origin +
                "): " + (is_given ? "give that one" : "remove the file, and theirs is taken") +
                ", or start once with --replace-keys to have all take this one",
            source_.name + "_key"};
  }

  const KeySource& source_;
  KeyBook& book_;
  std::optional<KeptKey> kept_;  // what the book has
  std::optional<KeptKey> own_;   // what the server has
  std::string place_;            // of its own
  bool is_made_ = false;
};

}  // namespace

Result<SharedKeys> settle_keys(const KeySource& admin, const KeySource& issue, KeyBook& book,
                               bool replace) {
  const DirectoryLock lock(admin.directory);
  Settling admins(admin, book);
  Settling issues(issue, book);
  if (auto ok = admins.look(); !ok) return std::unexpected(ok.error());
  if (auto ok = issues.look(); !ok) return std::unexpected(ok.error());
  // Before either is kept: what the book has once, every server has to take.
  if (admins.hash() && admins.hash() == issues.hash()) {
    return invalid("issue_key",
                   "the issue key and the admin key are the same: whoever may claim could change "
                   "campaigns; give two keys");
  }
  const auto settled_admin = admins.settle(replace);
  if (!settled_admin) return std::unexpected(settled_admin.error());
  const auto settled_issue = issues.settle(replace);
  if (!settled_issue) return std::unexpected(settled_issue.error());
  return SharedKeys{*settled_admin, *settled_issue};
}

}  // namespace firstcome
