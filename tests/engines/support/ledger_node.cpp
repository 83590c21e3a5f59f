#include "engines/support/ledger_node.hpp"

#include "core/check.hpp"
#include "ledger/mysql/mysql_reader.hpp"
#include "unit/support/samples.hpp"

namespace firstcome::testing {

LedgerNode::LedgerNode(const Database& database, const MysqlTimeouts& timeouts)
    : pool_(
          {.name = "primary", .size = 2},
          [login = database.login(), timeouts] {
            return MysqlConnection::open(server_url().primary, login, timeouts);
          },
          clock_, metrics_) {
  auto opened = MysqlLedger::open(pool_, true, {}, fingerprints, clock_, metrics_.shard());
  CHECK(opened.has_value(), opened.error().message.c_str());
  ledger_ = *std::move(opened);
}

CampaignNumber LedgerNode::put(const std::string& id, const CampaignPatch& patch) {
  const CampaignChange change{.id = CampaignId::trusted(id), .patch = patch};
  const auto results = ledger_->change(std::span(&change, 1));
  CHECK(results.has_value(), results.error().message.c_str());
  const auto& result = results->front();
  CHECK(result.has_value(), result.error().message.c_str());
  return result->campaign.number;
}

std::string LedgerNode::try_put(const std::string& id, const CampaignPatch& patch) {
  const CampaignChange change{.id = CampaignId::trusted(id), .patch = patch};
  const auto results = ledger_->change(std::span(&change, 1));
  CHECK(results.has_value(), results.error().message.c_str());
  return results->front() ? "" : results->front().error().field;
}

std::vector<Claim> LedgerNode::claims(CampaignNumber campaign,
                                      const std::vector<std::string>& users) {
  std::vector<Claim> claims;
  for (const std::string& user : users) {
    claims.push_back(claim_of(user, {}, campaign));
    claims.back().arrived_at = at_second(1'000'000);
  }
  return claims;
}

Result<HandBatch> LedgerNode::begin(std::vector<Claim> arrivals, std::vector<Claim> due) {
  HandBatch batch{.due = std::move(due), .arrivals = std::move(arrivals)};
  const Result<BatchState> state = ledger_->state_for(batch.due, batch.arrivals);
  if (!state) return std::unexpected(state.error());
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < batch.due.size() + batch.arrivals.size(); ++i) {
    const bool due_now = i < batch.due.size();
    const bool paced = state->campaigns[i]->settings->mode == Mode::paced;
    candidates.push_back({.claim = due_now ? &batch.due[i] : &batch.arrivals[i - batch.due.size()],
                          .campaign = state->campaigns[i],
                          .standing = state->standings[i],
                          .way = due_now ? Candidate::Way::due
                                 : paced ? Candidate::Way::park
                                         : Candidate::Way::instant});
  }
  batch.decision = Issuer(ledger_->codes()).decide(candidates, at_second(1'000'000));
  return batch;
}

std::string LedgerNode::claim(CampaignNumber campaign, const std::vector<std::string>& users) {
  for (int repeats = 0;; ++repeats) {
    auto batch = begin(claims(campaign, users));
    CHECK(batch.has_value(), batch.error().message.c_str());
    const CommitResult result = ledger_->commit(batch->decision.rows);
    if (result == CommitResult::ok) return words(*batch);
    CHECK(result == CommitResult::retry && repeats < 2, "a commit goes well");
  }
}

std::string LedgerNode::words(const HandBatch& batch) {
  std::string text;
  for (const Answer& answer : batch.decision.answers) {
    text += (text.empty() ? "" : ", ") + std::string(to_string(answer.outcome));
    if (answer.outcome == Outcome::issued) text += " " + std::to_string(answer.coupon.rank.value);
    if (answer.outcome == Outcome::queued) text += " " + std::to_string(answer.place.ticket.value);
    if (answer.repeated) text += "'";
  }
  return text;
}

std::string LedgerNode::standing(CampaignNumber campaign, const std::string& user,
                                 const SeenInLine& seen) {
  MysqlReader reader({}, pool_, {}, [] { return ""; }, clock_, metrics_.shard());
  const auto claims = reader.claims_now(campaign, UserId::trusted(user), seen);
  CHECK(claims.has_value(), claims.error().message.c_str());
  std::string text;
  if (const auto& place = claims->place) {
    text = std::string(to_string(place->outcome)) + " " + std::to_string(place->ticket.value) +
           " at " + std::to_string(place->position);
  }
  for (const Coupon& coupon : claims->coupons) {
    text += (text.empty() ? "coupon " : ", coupon ") + std::to_string(coupon.rank.value);
  }
  return text;
}

News LedgerNode::follow() {
  ledger_->follow();
  return ledger_->news();
}

void LedgerNode::agree(std::initializer_list<LedgerNode*> nodes) {
  for (const int said : {0, 1}) {
    for (LedgerNode* node : nodes) {
      const News news = node->follow();
      CHECK(said == 0 || news.campaigns.empty(), "nobody changes anything meanwhile");
    }
  }
}

}  // namespace firstcome::testing
