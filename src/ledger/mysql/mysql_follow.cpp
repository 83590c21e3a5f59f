#include <chrono>

#include "ledger/mysql/mysql_ledger.hpp"

// The looks of MysqlLedger after the other servers.

namespace firstcome {
namespace {

using Steady = std::chrono::steady_clock;
constexpr Monotonic follow_interval = std::chrono::milliseconds(100);
// While somebody waits for this server, or this one for another, to act on a change.
constexpr Monotonic follow_interval_short = std::chrono::milliseconds(10);
constexpr auto beat_interval = std::chrono::milliseconds(500);
// What a clock that jumped has hidden from the looks at the newest rows is found at the latest now.
constexpr auto look_at_all_interval = std::chrono::seconds(30);

}  // namespace

News MysqlLedger::news() {
  shown_ = mirror_.change_seq();
  News news = mirror_.take_news();
  std::erase_if(news.lines, [this](CampaignNumber number) { return !runs_line(number); });
  return news;
}

bool MysqlLedger::all_act_on_changes() const {
  return nodes_.all_act_on(changed_);
}

std::optional<Monotonic> MysqlLedger::follow_every() const {
  const bool awaited = shown_ > told_ || is_held_up_ || !all_act_on_changes();
  return awaited ? follow_interval_short : follow_interval;
}

void MysqlLedger::follow() {
  if (lost_) return;
  give_back();
  is_held_up_ = false;  // unless the batch comes again
  // What the look before this one has read is on the board by now, all that was changed while
  // nobody waited for this server included.
  fresh_until_.store(looked_at_ + MysqlNodes::gone_after, std::memory_order_release);
  auto connection = pool_.take();
  if (!connection) return follow_failures_.add();
  if (auto beaten = beat_or_look(**connection); !beaten) return follow_failures_.add();
  const std::uint64_t opened = pool_.opened();
  using Look = MysqlMirror::Look;
  Result<void> followed = mirror_.follow_campaigns(**connection);
  if (followed) {
    const auto now = Steady::now();
    const bool all = opened != opened_ || now - looked_at_all_ >= look_at_all_interval;
    followed = mirror_.follow_issuing(**connection, all ? Look::all : Look::newest);
    if (followed && all) looked_at_all_ = now;
  }
  if (!followed && followed.error().code == ErrorCode::corrupt) return lose(followed.error());
  if (!followed) {
    forget_freshness();
    return follow_failures_.add();
  }
  opened_ = opened;
  looked_at_ = beaten_at_;
  if (!leases_.take_orphans(**connection)) follow_failures_.add();
}

// Settings may have been read without the coupons before them.
void MysqlLedger::forget_freshness() {
  fresh_until_.store({}, std::memory_order_release);
}

MysqlResult<void> MysqlLedger::beat_or_look(MysqlConnection& connection) {
  const auto now = Steady::now();
  const bool due = now - beaten_at_ >= beat_interval;
  if (!due && shown_ == told_)
    return all_act_on_changes() ? MysqlResult<void>{} : nodes_.look(connection);
  auto beaten = nodes_.beat(connection, shown_);
  if (!beaten) return beaten;
  told_ = shown_;
  beaten_at_ = now;
  return {};
}

}  // namespace firstcome
