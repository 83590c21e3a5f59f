#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "http/io_thread.hpp"
#include "issue/driver.hpp"

// All I/O threads, and the way back to them: verdicts come in from the issuing thread, one message
// a batch and thread. Made before the driver, started after it.

namespace firstcome::http {

class Server final : public DriverEvents {
 public:
  struct Options {
    Address listen;
    std::optional<Address> metrics_listen{};
    std::uint16_t io_threads = 1;
    Limits limits{};
  };
  struct Parts {
    Board& board;
    Service& service;
    const Ledger& ledger;
    Queue& queue;
    const Fingerprints& fingerprints;
    const Clock& clock;
    const Keys& keys;
    const Cursors& cursors;
    Metrics& metrics;
    std::function<void(const CampaignChange&, ReplyTo)> submit;
  };

  // Binds the ports; nothing is accepted before start(). Error: unavailable, with the address.
  [[nodiscard]] static Result<std::unique_ptr<Server>> bind(const Options& options, Parts parts,
                                                            std::unique_ptr<LedgerReader> reader);
  ~Server() override;

  void start();

  // With the port that a request for port 0 was given.
  [[nodiscard]] const Address& address() const { return address_; }

  [[nodiscard]] const std::optional<Address>& metrics_address() const { return metrics_address_; }

  // Refuses new claims, waits until those that have tickets are answered, then closes. Returns when
  // every reply is sent or the time is over, and ends the threads; false: some were not answered.
  bool drain(Monotonic wait_max);

  void on_campaign(const Campaign& campaign) override;
  void on_verdicts(std::uint16_t desk, std::vector<Verdict> verdicts) override;
  void on_changed(ReplyTo reply_to, Result<Ledger::Changed> result) override;

 private:
  Server(const Options& options, Parts parts, std::unique_ptr<LedgerReader> reader,
         std::vector<std::vector<IoThread::Listener>> listeners);

  [[nodiscard]] std::size_t waiting() const;

  Parts parts_;
  Address address_{};
  std::optional<Address> metrics_address_{};
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace firstcome::http
