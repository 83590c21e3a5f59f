#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/cursor.hpp"
#include "desk/board.hpp"
#include "desk/desk.hpp"
#include "gate/gate.hpp"
#include "http/request.hpp"
#include "http/response.hpp"
#include "http/router.hpp"
#include "http/worker.hpp"
#include "observe/metrics.hpp"

// From a parsed request to a reply: parses what the route needs, asks gate and desk, renders. What
// cannot be answered at once is remembered in the exchange and finished when word comes.
//
// Thread rule: one Api an I/O thread.

namespace firstcome::http {

// One request and its reply; lives in its connection while the reply is awaited.
struct Exchange {
  Route route{};
  bool routed = false;  // false: the target named no route
  bool head_only = false;
  bool keep_alive = true;
  bool is_http_1_0 = false;
  bool on_metrics_port = false;
  Monotonic started{};
  CampaignId campaign{};
  UserId user{};
};

class Api {
 public:
  struct Parts {
    Gate& gate;
    Desk& desk;
    Queue& queue;
    const Board& board;
    const Cursors& cursors;
    const Clock& clock;
    const Service& service;
    const Metrics& metrics;
    Worker& worker;
    bool metrics_apart;                                          // they have a port of their own
    std::function<void(const CampaignChange&, ReplyTo)> submit;  // to the issuing thread
  };

  explicit Api(Parts parts) : parts_(std::move(parts)) {}

  // nullopt: the reply follows, by finish() or from the worker.
  [[nodiscard]] std::optional<Response> handle(const Request& request, Exchange& exchange,
                                               ReplyTo reply_to);

  // nullopt: nobody knows, so nothing may be said.
  [[nodiscard]] std::optional<Response> finish(const Exchange& exchange,
                                               const Verdict& verdict) const;
  [[nodiscard]] std::optional<Response> finish(const Exchange& exchange,
                                               const Result<Ledger::Changed>& result) const;

 private:
  using Reply = std::optional<Response>;

  Reply post_claim(const Request& request, const Routed& routed, Exchange& exchange,
                   ReplyTo reply_to);
  Reply get_claim(const Request& request, const Routed& routed, Exchange& exchange,
                  ReplyTo reply_to);
  Reply change_campaign(const Request& request, const Routed& routed, ReplyTo reply_to);
  Reply get_campaign(const Routed& routed) const;
  Reply list_campaigns(const Request& request, const Routed& routed) const;
  Reply list_campaign_coupons(const Request& request, const Routed& routed, ReplyTo reply_to);
  Reply list_user_coupons(const Request& request, const Routed& routed, ReplyTo reply_to);
  Reply readyz(const Routed& routed) const;
  Reply metrics_text(ReplyTo reply_to);
  [[nodiscard]] bool is_served_here(Route route, bool on_metrics_port) const;

  Reply dispatch(const Request& request, const Routed& routed, Exchange& exchange,
                 ReplyTo reply_to);
  [[nodiscard]] Response answered(const Exchange& exchange, const Answer& answer) const;
  // Checks who asks; the reply is the refusal.
  [[nodiscard]] Reply denied(const Request& request, Route route) const;

  Parts parts_;
};

}  // namespace firstcome::http
