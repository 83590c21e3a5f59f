#include "ledger/mysql/mysql_transaction.hpp"

#include "core/check.hpp"

namespace firstcome {

MysqlTransaction::MysqlTransaction(MysqlLease connection, Hold hold, std::vector<IssuingRow> rows)
    : connection_(std::move(connection)), hold_(hold) {
  for (const IssuingRow& row : rows) rows_.emplace(row.campaign, row);
  if (hold == Hold::presumed) presumed_ = std::move(rows);
}

std::vector<IssuingRow> MysqlTransaction::left() const {
  std::vector<IssuingRow> rows;
  for (const auto& [campaign, row] : rows_) rows.push_back(row);
  return rows;
}

std::vector<CampaignNumber> MysqlTransaction::campaigns() const {
  std::vector<CampaignNumber> campaigns;
  for (const auto& [campaign, row] : rows_) campaigns.push_back(campaign);
  return campaigns;
}

bool MysqlTransaction::can_presume(const MysqlConnection& connection, std::size_t claims) {
  return !is_bulk(connection, claims) || connection.in_transaction();
}

std::expected<void, MysqlTransaction::Failure> MysqlTransaction::commit(const BatchRows& batch,
                                                                        CommitMark mark,
                                                                        Next next) {
  for (const CouponRow& row : batch.coupons) rows_.at(row.campaign).issued = row.coupon.rank.value;
  for (const Claim& claim : batch.parked) rows_.at(claim.campaign).line_back = claim.ticket.value;
  for (const Settlement& one : batch.settled) {
    rows_.at(one.campaign).line_front = one.ticket.value;
  }
  const bool begins = !connection_->in_transaction();
  CHECK(!begins || hold_ == Hold::presumed, "a lock without a transaction");
  CHECK(!begins || can_presume(*connection_, batch.coupons.size()), "rows before the transaction");
  const std::vector<IssuingRow> left = this->left();
  const BatchFrame frame{
      .presumed = presumed_,
      .issuing = left,
      .mark = mark,
      .begins = begins,
      .chains = next == Next::presumes && is_bulk(*connection_, batch.coupons.size()),
      .size_max = connection_->text_size_max()};
  const auto coupons = insert_in_bulk(*connection_, batch.coupons);
  if (!coupons) return std::unexpected(Failure{coupons.error()});
  const auto texts = batch_texts(*coupons, batch, frame);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto done = connection_->run(texts[i]);
    if (!done) return std::unexpected(Failure{done.error(), i + 1 == texts.size()});
  }
  return {};
}

}  // namespace firstcome
