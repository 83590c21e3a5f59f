#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "issue/issuer.hpp"
#include "ledger/sqlite_ledger.hpp"
#include "unit/support/samples.hpp"
#include "unit/support/temp_dir.hpp"

// A real SQLite ledger in a directory of its own, filled as the driver would, closed, tampered with
// and opened again.

namespace firstcome::testing {

class SqliteBench : public ::testing::Test {
 protected:
  [[nodiscard]] Result<std::unique_ptr<SqliteLedger>> try_open(bool migrate = true) {
    return SqliteLedger::open({.path = path, .migrate = migrate, .checkpoint_pages = 50},
                              fingerprints, metrics.shard());
  }

  void open() {
    auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message;
    ledger = std::move(*opened);
    epoch = *ledger->take_epoch();
  }
  void close() { ledger.reset(); }
  void reopen() {
    close();
    open();
  }
  // Why it does not open.
  [[nodiscard]] Error error_at_open(bool migrate = true) {
    close();
    const auto opened = try_open(migrate);
    return opened ? Error{ErrorCode::unknown, "it opened"} : opened.error();
  }

  Result<Ledger::Changed> put(const std::string& id, std::uint32_t stock,
                              std::uint32_t per_user = 1) {
    const CampaignChange change{.id = CampaignId::trusted(id),
                                .patch = {.stock = stock, .per_user = per_user}};
    auto results = ledger->change(std::span(&change, 1));
    return results ? (*results)[0] : std::unexpected(results.error());
  }

  // Decides and commits one batch of instant claims, as a driver does.
  CommitResult issue(const std::vector<std::string>& users,
                     CampaignNumber campaign = first_campaign, const std::string& key = {}) {
    std::vector<Claim> claims;
    for (const std::string& user : users) {
      claims.push_back(claim_of(user, key, campaign));
      claims.back().ticket = Ticket{++ticket_};
      claims.back().epoch = epoch;
    }
    return ledger->commit(decide(claims).rows);
  }

  [[nodiscard]] Decision decide(std::span<Claim> claims) {
    const auto state = ledger->state_for({}, claims);
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < claims.size(); ++i) {
      candidates.push_back(
          {.claim = &claims[i], .campaign = state->campaigns[i], .standing = state->standings[i]});
    }
    return Issuer(ledger->codes()).decide(candidates, at_second(1'000'000));
  }

  [[nodiscard]] Claim parked_claim(const std::string& user, std::uint64_t ticket,
                                   const std::string& key = {}) const {
    Claim claim = claim_of(user, key);
    claim.ticket = Ticket{ticket};
    claim.epoch = epoch;
    claim.arrived_at = at_second(77);
    return claim;
  }

  CommitResult park(std::vector<Claim> claims) {
    BatchRows rows;
    rows.parked = std::move(claims);
    return ledger->commit(rows);
  }
  CommitResult settle(std::vector<Settlement> settled) {
    BatchRows rows;
    rows.settled = std::move(settled);
    return ledger->commit(rows);
  }

  // Behind the ledger's back, with a connection of its own.
  void tamper(const std::string& sql) {
    close();
    auto database = SqliteDatabase::open(path, SqliteDatabase::Access::read_write);
    ASSERT_TRUE(database) << database.error().message;
    const auto done = database->execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }

  TempDir directory;
  std::string path = directory.file("ledger.db");
  Metrics metrics;
  Epoch epoch{};
  std::unique_ptr<SqliteLedger> ledger;

 private:
  std::uint64_t ticket_ = 0;
};

}  // namespace firstcome::testing
