#include "desk/board.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <string_view>

#include "core/check.hpp"

namespace firstcome {
namespace {

struct IdHash {
  std::size_t operator()(const CampaignId& id) const noexcept {
    return std::hash<std::string_view>{}(id.view());
  }
};

}  // namespace

struct Board::Numbers {
  boost::unordered_flat_map<CampaignId, CampaignNumber, IdHash> by_id;
};

Board::Board() : numbers_(std::make_unique<Numbers>()) {}

Board::~Board() = default;

void Board::put_up(const Campaign& campaign) {
  const std::unique_lock lock(mutex_);
  const std::size_t at = campaign.number.value - 1;
  if (at < campaigns_.size()) {
    campaigns_[at] = campaign;
    return;
  }
  CHECK(at == campaigns_.size(), "campaigns are put up in order of their numbers");
  campaigns_.push_back(campaign);
  numbers_->by_id.emplace(campaign.id, campaign.number);
}

std::optional<Campaign> Board::find(const CampaignId& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = numbers_->by_id.find(id);
  if (found == numbers_->by_id.end()) return std::nullopt;
  return campaigns_[found->second.value - 1];
}

Campaign Board::at(CampaignNumber number) const {
  const std::shared_lock lock(mutex_);
  CHECK(number.value >= 1 && number.value <= campaigns_.size(), "no campaign has this number");
  return campaigns_[number.value - 1];
}

std::vector<Campaign> Board::page(CampaignNumber after, std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  const std::size_t first = std::min<std::size_t>(after.value, campaigns_.size());
  const std::size_t count = std::min(limit, campaigns_.size() - first);
  const auto begin = campaigns_.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

std::size_t Board::size() const {
  const std::shared_lock lock(mutex_);
  return campaigns_.size();
}

}  // namespace firstcome
