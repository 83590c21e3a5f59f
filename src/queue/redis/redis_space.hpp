#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.hpp"

// What the servers of one ledger call the things that they have in common in Redis. A campaign's
// keys share a hash tag, so they lie in one slot of a cluster. Plain value.

namespace firstcome {

class RedisSpace {
 public:
  // `ledger` names the ledger, and no other's.
  explicit RedisSpace(const std::string& ledger) : ledger_(ledger) {}

  // Channels: campaigns in which there is work, and verdicts; for all servers, or for one.
  [[nodiscard]] std::string work() const { return "fc:" + ledger_ + ":work"; }
  [[nodiscard]] std::string work(std::uint64_t server) const { return of(work(), server); }
  [[nodiscard]] std::string post() const { return "fc:" + ledger_ + ":verdicts"; }
  [[nodiscard]] std::string post(std::uint64_t server) const { return of(post(), server); }

  // The campaigns in which claims are kept.
  [[nodiscard]] std::string kept_campaigns() const { return "fc:" + ledger_ + ":kept"; }

  // Of a campaign.
  [[nodiscard]] std::string claims(CampaignNumber campaign) const {
    return key(campaign, "claims");
  }
  [[nodiscard]] std::string meta(CampaignNumber campaign) const { return key(campaign, "meta"); }
  [[nodiscard]] std::string kept(CampaignNumber campaign) const { return key(campaign, "kept"); }
  [[nodiscard]] std::string also(CampaignNumber campaign) const { return key(campaign, "also"); }

 private:
  [[nodiscard]] static std::string of(const std::string& channel, std::uint64_t server) {
    return channel + ":" + std::to_string(server);
  }
  [[nodiscard]] std::string key(CampaignNumber campaign, std::string_view what) const {
    return "fc:{" + ledger_ + "." + std::to_string(campaign.value) + "}:" + std::string(what);
  }

  const std::string ledger_;
};

}  // namespace firstcome
