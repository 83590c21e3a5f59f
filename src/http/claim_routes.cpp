// Claims: asking for a coupon, and asking how that went.

#include "core/check.hpp"
#include "http/api.hpp"
#include "http/json_read.hpp"
#include "http/json_write.hpp"
#include "http/problem.hpp"

namespace firstcome::http {
namespace {

std::string percent_encode(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      result.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result.push_back('%');
      result.push_back(hex[byte >> 4]);
      result.push_back(hex[byte & 15U]);
    }
  }
  return result;
}

std::string location_of(const Exchange& exchange) {
  return "Location: /v1/campaigns/" + exchange.campaign.str() + "/claims/" +
         percent_encode(exchange.user.view()) + "\r\n";
}

// A claim that still waits comes first: its verdict is what is asked for.
Outcome outcome_of(const Desk::Status& status, bool has_coupons) {
  const bool waits = status.place && status.place->outcome == Outcome::queued;
  return has_coupons && !waits ? Outcome::issued : status.place->outcome;
}

Response no_claim() {
  return problem(404, "claim_not_found", "this user has no claim here");
}

// Position and eta are null once a claim does not wait any more, the ticket when none was parked.
Response status_response(const Desk::Status& status, const UserId& user,
                         std::span<const Coupon> coupons) {
  Response response;
  std::string& body = response.body;
  const Outcome outcome = outcome_of(status, !coupons.empty());
  body.append("{\"outcome\":\"").append(to_string(outcome)).append("\",\"coupons\":[");
  for (const Coupon& coupon : coupons) {
    if (body.back() != '[') body.push_back(',');
    append_coupon(body, status.campaign.id.view(), user.view(), coupon);
  }
  body.append("],");
  if (outcome == Outcome::queued) {
    append_place(body, *status.place, status.eta);
  } else {
    body.append("\"ticket\":");
    body.append(status.place ? std::to_string(status.place->ticket.value) : "null");
    body.append(",\"position\":null,\"eta_ms\":null");
  }
  body.push_back('}');
  return response;
}

void place_at(Desk::Status& status, const std::optional<Place>& place) {
  const Pace& pace = status.campaign.settings->pace;
  status.place = place;
  if (place) status.eta = eta_at(place->position, pace.batch, pace.tick);
}

// As queue and ledger know it by now. The queue first: what leaves it in between is in the ledger
// by then.
Response claims_response(Desk::Status status, const UserId& user, Queue& queue,
                         LedgerReader& reader) {
  const auto kept = queue.look_up(status.campaign.number, user);
  const bool waits = kept && kept->outcome == Outcome::queued;
  if (waits && status.campaign.settings->per_user == 1) {  // so there is no coupon yet
    place_at(status, kept);
    return status_response(status, user, {});
  }
  const auto claims =
      reader.claims_now(status.campaign.number, user, {status.line_back, status.place});
  if (!claims) return problem_of(claims.error());
  place_at(status, waits || !claims->place ? kept : claims->place);
  if (claims->coupons.empty() && !status.place) return no_claim();
  return status_response(status, user, claims->coupons);
}

}  // namespace

Api::Reply Api::post_claim(const Request& request, const Routed& routed, Exchange& exchange,
                           ReplyTo reply_to) {
  const auto user = read_claim_body(request.body);
  if (!user) return problem_of(user.error());
  ClaimRequest asked{
      .campaign = routed.params[0], .user = *user, .idempotency_key = request.idempotency_key};
  const auto claim = Gate::shape(asked);
  if (!claim) return problem_of(claim.error());
  if (auto refused = denied(request, Route::post_claim)) return refused;
  exchange.campaign = claim->campaign;
  exchange.user = claim->user;
  const Desk::Reply reply = parts_.gate.claim(*claim, reply_to);
  if (const auto* answer = std::get_if<Answer>(&reply)) return answered(exchange, *answer);
  if (const auto* refusal = std::get_if<Desk::Refusal>(&reply)) return problem_of(*refusal);
  return std::nullopt;
}

std::optional<Response> Api::finish(const Exchange& exchange, const Verdict& verdict) const {
  switch (verdict.kind) {
    case Verdict::Kind::answered:
      return answered(exchange, verdict.answer);
    case Verdict::Kind::unavailable:
      return problem_of(Desk::Refusal::unavailable);
    case Verdict::Kind::overloaded:
      return problem_of(Desk::Refusal::overloaded);
    case Verdict::Kind::unanswered:
      return std::nullopt;
  }
  CHECK(false, "a verdict outside the enumeration");
}

Response Api::answered(const Exchange& exchange, const Answer& answer) const {
  Response response;
  switch (answer.outcome) {
    case Outcome::issued:
      response.status = answer.repeated ? 200 : 201;
      append_issued(response.body, exchange.campaign.view(), exchange.user.view(), answer.coupon);
      return response;
    case Outcome::queued:
      response.status = 202;
      response.fields = location_of(exchange);
      append_queued(response.body, answer.place, answer.eta);
      return response;
    case Outcome::sold_out:
    case Outcome::limit_reached:
    case Outcome::not_open:
    case Outcome::closed:
    case Outcome::paused:
      break;
  }
  const auto campaign = parts_.board.find(exchange.campaign);
  return problem_of(answer.outcome, *campaign->settings, parts_.clock.now());
}

Api::Reply Api::get_claim(const Request& request, const Routed& routed, Exchange& exchange,
                          ReplyTo reply_to) {
  const auto claim = Gate::shape({.campaign = routed.params[0], .user = routed.params[1]});
  if (!claim) return problem_of(claim.error());
  if (auto refused = denied(request, Route::get_claim)) return refused;
  const auto status = parts_.desk.status(claim->campaign, claim->user);
  if (!status) return unknown_campaign();
  exchange.campaign = claim->campaign;
  exchange.user = claim->user;
  if (status->is_certain && status->coupons == 0 && !status->place) return no_claim();
  // What memory knows is all there is, unless another server may have given or parked more since.
  const bool may_have_more = !status->is_certain && status->campaign.settings->per_user > 1;
  if ((status->coupons == 1 && !may_have_more) || (status->is_certain && status->coupons == 0)) {
    std::vector<Coupon> coupons;
    if (status->first) coupons.push_back(*status->first);
    return status_response(*status, claim->user, coupons);
  }
  parts_.worker.submit(
      reply_to, [status = *status, user = claim->user, &queue = parts_.queue](
                    LedgerReader& reader) { return claims_response(status, user, queue, reader); });
  return std::nullopt;
}

}  // namespace firstcome::http
