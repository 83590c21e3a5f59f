#pragma once

#include <memory>
#include <utility>

#include "queue/queue.hpp"
#include "sim/scene.hpp"

// The queue under test with a look at each ticket it gives, and with room for the issuing thread
// where a desk looks a place up. Passes everything on unchanged.

namespace firstcome::sim {

class WatchedQueue final : public Queue {
 public:
  WatchedQueue(Scene& scene, std::unique_ptr<Queue> inner)
      : scene_(scene), inner_(std::move(inner)) {}

  void enqueue(std::span<Claim> claims) override {
    inner_->enqueue(claims);
    scene_.judge.tickets_given(claims);
  }
  std::span<Claim> take_batch(std::size_t max) override { return inner_->take_batch(max); }
  void settle(std::size_t count) override { inner_->settle(count); }
  void answer(std::span<const Verdict> verdicts) override { inner_->answer(verdicts); }
  void note_campaign(const Campaign& campaign) override { inner_->note_campaign(campaign); }
  void leave_to_another(CampaignNumber campaign) override { inner_->leave_to_another(campaign); }
  [[nodiscard]] std::vector<Claim> take_out(CampaignNumber campaign) override {
    return inner_->take_out(campaign);
  }
  [[nodiscard]] bool may_repeat() const override { return inner_->may_repeat(); }
  std::vector<Claim> drop_behind(std::size_t count) override { return inner_->drop_behind(count); }
  void park(const Claim& claim) override { inner_->park(claim); }
  void remember(CampaignNumber campaign, const Identity& identity, Ticket ticket,
                Outcome outcome) override {
    inner_->remember(campaign, identity, ticket, outcome);
  }
  std::vector<Claim> front_of_line(CampaignNumber campaign, std::size_t max) override {
    return inner_->front_of_line(campaign, max);
  }
  void settle_line(CampaignNumber campaign, std::span<const Outcome> outcomes) override {
    scene_.elsewhere->goes_on({});
    inner_->settle_line(campaign, outcomes);
    scene_.elsewhere->goes_on({});
  }
  [[nodiscard]] std::uint64_t line_length(CampaignNumber campaign) const override {
    return inner_->line_length(campaign);
  }
  [[nodiscard]] Ticket line_back(CampaignNumber campaign) const override {
    return inner_->line_back(campaign);
  }
  [[nodiscard]] std::optional<Place> place(CampaignNumber campaign,
                                           const Identity& identity) const override {
    scene_.elsewhere->issuer_may_cut_in();
    return inner_->place(campaign, identity);
  }
  [[nodiscard]] std::optional<Place> look_up(CampaignNumber campaign, const UserId& user) override {
    return inner_->look_up(campaign, user);
  }
  [[nodiscard]] QueueDepth depth() const override { return inner_->depth(); }

 private:
  Scene& scene_;
  std::unique_ptr<Queue> inner_;
};

}  // namespace firstcome::sim
