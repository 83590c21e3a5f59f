#include "sim/server.hpp"

#include <utility>

#include "core/check.hpp"
#include "sim/watched_queue.hpp"

namespace firstcome::sim {
namespace {

using std::chrono::microseconds;

constexpr CouponCodes::Key codes_key{7};

// Metrics cost more to make than a whole run; all runs count into the same.
Metrics::Shard& metrics() {
  static Metrics all;
  static Metrics::Shard& shard = all.shard();
  return shard;
}

Fingerprints::Key draw_key(Random& random) {
  Fingerprints::Key key{};
  for (std::uint8_t& byte : key) byte = static_cast<std::uint8_t>(random.below(256));
  return key;
}

}  // namespace

// While it lives, its flag is set: who is in the middle of something cannot begin another.
class Server::Busy {
 public:
  explicit Busy(bool& flag) : flag_(flag) {
    CHECK(!flag_, "a thread is in two places");
    flag_ = true;
  }
  ~Busy() { flag_ = false; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  bool& flag_;
};

Server::Server(Scene& scene, Disk& disk, std::uint32_t life)
    : scene_(scene),
      life_(life),
      fingerprints_(draw_key(scene.random)),
      ledger_(scene, disk, fingerprints_),
      issuer_(CouponCodes(codes_key)),
      desks_(scene.plan.desks) {
  const Ticket first_ticket = ledger_.first_free_ticket();
  const Epoch epoch = ledger_.take_epoch();
  scene_.judge.epoch_taken(epoch);
  scene_.trace.note("server starts", {{"life", life_}, {"epoch", epoch.value}});
  queue_ = std::make_unique<WatchedQueue>(
      scene_, std::make_unique<MemoryQueue>(epoch, first_ticket, [this] { ring(); }));
  for (Post& post : desks_) {
    post.desk =
        std::make_unique<Desk>(Desk::Parts{.board = board_,
                                           .ledger = ledger_,
                                           .queue = *queue_,
                                           .fingerprints = fingerprints_,
                                           .clock = scene_.clock,
                                           .service = service_},
                               Desk::Limits{.waiting_max = scene_.plan.waiting_max}, metrics());
  }
  const Driver::Options options{.batch_claims_max = scene_.plan.batch_claims_max,
                                .line_claims_max = scene_.plan.line_claims_max};
  driver_ =
      std::make_unique<Driver>(options, ledger_, *queue_, issuer_, scene_.clock, *this, metrics());
  const Result<void> restored = driver_->restore(fingerprints_);
  CHECK(restored, "this ledger can always be read");
  service_.set(Service::State::ready);
  ring();
}

void Server::take_request(std::uint32_t number) {
  Attempt& attempt = scene_.book.attempts[number];
  const Wish& wish = scene_.book.wish_of(number);
  attempt.arrived_at = scene_.clock.now();
  Post& post = desks_[attempt.desk];
  open_round(attempt.desk);
  std::optional<Desk::Reply> said;
  {
    const Busy busy(post.busy);
    said = post.desk->claim(campaign_name(wish.campaign), user_name(wish.user),
                            key_of(attempt.wish, wish), {attempt.desk, number, life_});
  }
  reply_at_once(number, *said);
  resume_put_off();
}

void Server::reply_at_once(std::uint32_t number, const Desk::Reply& said) {
  if (std::holds_alternative<Desk::Wait>(said)) {
    scene_.trace.note("desk: waits", {{"attempt", number}});
    scene_.book.attempts[number].waits = true;
    return;
  }
  if (const auto* answer = std::get_if<Answer>(&said)) {
    scene_.trace.note("desk:", to_string(answer->outcome),
                      {{"attempt", number}, {"rank", answer->coupon.rank.value}});
    scene_.judge.said(number, *answer, Judge::Speaker::desk);
    return reply(number, {.kind = Reply::Kind::answered, .answer = *answer});
  }
  const auto refusal = std::get<Desk::Refusal>(said);
  scene_.trace.note("desk: refuses",
                    {{"attempt", number}, {"how", static_cast<int>(refusal) + 0U}});
  if (refusal == Desk::Refusal::unknown_campaign) scene_.judge.unknown_campaign(number);
  scene_.judge.refused(number, false);
  reply(number, {.kind = Reply::Kind::refused});
}

void Server::reply(std::uint32_t number, const Reply& reply) {
  scene_.book.attempts[number].reply = reply;
  const Troubles& troubles = scene_.plan.troubles;
  if (scene_.trouble(troubles.reply_lost))
    return scene_.trace.note("reply lost", {{"attempt", number}});
  const bool late = scene_.trouble(troubles.late_packet);
  scene_.after(scene_.random.between(microseconds(20), microseconds(late ? 40'000 : 400)),
               Event::What::reply_arrives, number);
}

void Server::open_round(std::uint16_t desk) {
  if (std::exchange(desks_[desk].round_open, true)) return;
  scene_.after(scene_.random.between(microseconds(0), microseconds(150)), Event::What::round_ends,
               desk, life_);
}

void Server::end_round(std::uint16_t desk) {
  desks_[desk].round_open = false;
  desks_[desk].desk->flush();
}

void Server::take_verdicts(std::uint16_t desk) {
  Post& post = desks_[desk];
  open_round(desk);
  const std::vector<Verdict> verdicts = std::move(post.posted.front());
  post.posted.pop_front();
  for (const Verdict& verdict : verdicts) {
    post.desk->note_verdict(verdict);
    switch (verdict.kind) {
      case Verdict::Kind::answered:
        reply(verdict.reply_to.slot, {.kind = Reply::Kind::answered, .answer = verdict.answer});
        break;
      case Verdict::Kind::unavailable:
      case Verdict::Kind::overloaded:
        reply(verdict.reply_to.slot, {.kind = Reply::Kind::refused});
        break;
      case Verdict::Kind::unanswered:
        reply(verdict.reply_to.slot, {.kind = Reply::Kind::dropped});
        break;
    }
  }
}

std::optional<Desk::Status> Server::status(std::uint16_t desk, const Wish& wish) {
  std::optional<Desk::Status> status;
  {
    const Busy busy(desks_[desk].busy);
    ledger_.begin_status();
    status = desks_[desk].desk->status(campaign_name(wish.campaign), user_name(wish.user));
    ledger_.end_status();
  }
  resume_put_off();
  return status;
}

void Server::submit(const CampaignChange& change) {
  if (service_.state() != Service::State::ready) return;
  driver_->submit(change, {});
  ring();
}

void Server::ring() {
  if (std::exchange(rung_, true)) return;
  scene_.after(scene_.random.between(microseconds(1), microseconds(60)), Event::What::issuer_steps,
               0, life_);
}

void Server::step() {
  if (issuer_busy_) return;
  rung_ = false;
  if (timer_ && *timer_ <= scene_.clock.monotonic()) timer_.reset();
  Driver::Next next;
  {
    const Busy busy(issuer_busy_);
    next = driver_->step();
  }
  // A lost ledger's last word is known to nobody, an unknown commit's not yet.
  if (!next.failed && !ledger_.is_unsure()) scene_.judge.lines_settled();
  if (next.failed && service_.state() != Service::State::failed) {
    scene_.trace.note("server fails");
    service_.set(Service::State::failed);
    scene_.after(scene_.random.between(microseconds(100), microseconds(5'000)),
                 Event::What::server_stops, 0, life_);
  }
  if (next.more) {
    ring();
  } else if (!next.failed) {
    set_timer(next.due_at);
  }
  resume_put_off();
}

void Server::set_timer(std::optional<Monotonic> due_at) {
  if (!due_at || (timer_ && *timer_ <= *due_at)) return;
  timer_ = std::max(*due_at, scene_.clock.monotonic());
  scene_.agenda.add(*timer_, Event::What::issuer_steps, 0, life_);
}

void Server::issuer_may_cut_in() {
  if (issuer_busy_ || !scene_.random.percent(scene_.plan.interleaving_percent)) return;
  scene_.trace.note("issuer cuts in");
  // Either it was due anyway, or the desk's thread has to wait for a processor.
  if (scene_.calm || scene_.random.percent(50)) return step();
  scene_.elsewhere->goes_on(scene_.random.between(microseconds(0), microseconds(4'000)));
}

bool Server::put_off(const Event& event) {
  if (!meets_busy(event)) return false;
  put_off_.push_back(event);
  return true;
}

bool Server::meets_busy(const Event& event) const {
  switch (event.what) {
    case Event::What::issuer_steps:
      return issuer_busy_;
    case Event::What::round_ends:
    case Event::What::verdicts_arrive:
      return desks_[event.who].busy;
    case Event::What::request_arrives:
      return desks_[scene_.book.attempts[event.who].desk].busy;
    default:
      return false;
  }
}

void Server::resume_put_off() {
  for (Event event : std::exchange(put_off_, {})) {
    if (meets_busy(event)) {
      put_off_.push_back(event);
      continue;
    }
    event.at = scene_.clock.monotonic();
    scene_.agenda.add(event);
  }
}

void Server::drain() {
  if (service_.state() == Service::State::ready) service_.set(Service::State::draining);
}

bool Server::is_drained() const {
  for (const Post& post : desks_) {
    if (post.desk->waiting() > 0) return false;
  }
  return true;
}

void Server::check_idle() const {
  if (!is_drained()) broken(10, "a desk still waits for a verdict");
  const QueueDepth depth = queue_->depth();
  if (depth.arrived + depth.parked > 0) broken(10, "the queue is not empty");
}

void Server::on_campaign(const Campaign& campaign) {
  board_.put_up(campaign);
  scene_.judge.campaign_put_up(campaign);
}

void Server::on_verdicts(std::uint16_t desk, std::vector<Verdict> verdicts) {
  for (const Verdict& verdict : verdicts) judge_verdict(verdict);
  desks_[desk].posted.push_back(std::move(verdicts));
  scene_.after(scene_.random.between(microseconds(1), microseconds(80)),
               Event::What::verdicts_arrive, desk, life_);
  if (scene_.trouble(scene_.plan.troubles.crash_while_telling)) {
    scene_.trace.note("the process dies while it tells");
    throw Crashed{};
  }
  scene_.elsewhere->goes_on(scene_.random.between(microseconds(0), microseconds(20)));
}

void Server::judge_verdict(const Verdict& verdict) {
  const std::uint32_t number = verdict.reply_to.slot;
  scene_.judge.verdict_given(number);
  switch (verdict.kind) {
    case Verdict::Kind::answered:
      scene_.trace.note("verdict:", to_string(verdict.answer.outcome),
                        {{"attempt", number}, {"rank", verdict.answer.coupon.rank.value}});
      return scene_.judge.said(number, verdict.answer, Judge::Speaker::issuer);
    case Verdict::Kind::unavailable:
    case Verdict::Kind::overloaded:
      scene_.trace.note("verdict: unavailable", {{"attempt", number}});
      return scene_.judge.refused(number, true);
    case Verdict::Kind::unanswered:
      return scene_.trace.note("verdict: none", {{"attempt", number}});
  }
}

void Server::on_changed(ReplyTo, Result<Ledger::Changed> result) {
  if (!result) {
    return scene_.trace.note("change refused:", to_string(result.error().code), {});
  }
  // Changes of one group may follow each other in one campaign: only the last one's settings stay.
  const std::string number = result->campaign.id.str().substr(1);
  if (scene_.judge.settings(static_cast<std::uint32_t>(std::stoul(number))) == nullptr) {
    broken(3, "told that a campaign was made, which is not durable");
  }
}

}  // namespace firstcome::sim
