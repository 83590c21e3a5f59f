#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "load/response_parser.hpp"
#include "load/source.hpp"
#include "load/timings.hpp"
#include "net/address.hpp"
#include "net/event_loop.hpp"
#include "net/fd.hpp"

// One keep-alive connection with at most one request under way, and the moments of that request.
//
// Lives on its loop's thread. Connecting → idle ⇄ busy; any failure ends it with on_broken(). The
// owner may destroy the connection inside each of its callbacks, and may send() the next request
// inside on_idle() and on_reply().

namespace firstcome::load {

class Connection final : public EventLoop::Handler {
 public:
  class Owner {
   public:
    Owner() = default;
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    virtual ~Owner() = default;
    virtual void on_idle(Connection& connection) = 0;  // connected
    virtual void on_reply(
        Connection& connection) = 0;  // reply() is complete, moments().done is set
    virtual void on_broken(Connection& connection, std::string_view why) = 0;
  };
  // What all connections of a thread share. Outlives them.
  struct Shared {
    EventLoop& loop;
    const Clock& clock;
    Owner& owner;
    std::span<char> scratch;  // bytes are received into it, then given to the parser
  };
  enum class State : std::uint8_t { connecting, idle, busy };

  // `socket` has begun to connect.
  Connection(const Shared& shared, Fd socket, std::size_t slot);
  ~Connection() override;

  // Only while idle. `text` is copied as far as the kernel does not take it at once. May end in
  // on_broken() before it returns.
  void send(const Job& job, std::string_view text);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] const Job& job() const noexcept { return job_; }
  [[nodiscard]] const Moments& moments() const noexcept { return moments_; }
  [[nodiscard]] const ResponseParser& reply() const noexcept { return parser_; }

  // When the present state was entered.
  [[nodiscard]] Monotonic since() const noexcept { return since_; }

  // Its place among the owner's connections.
  [[nodiscard]] std::size_t slot() const noexcept { return slot_; }
  void set_slot(std::size_t slot) noexcept { slot_ = slot; }

 private:
  void on_events(std::uint32_t events) override;
  [[nodiscard]] Moments moments_before(Monotonic now);
  void on_connected();
  void on_readable();
  void on_bytes(std::string_view bytes);
  void write(std::string_view text);
  void watch(std::uint32_t events);

  const Shared& shared_;
  Fd socket_;
  std::size_t slot_;
  State state_ = State::connecting;
  Monotonic since_;
  bool used_ = false;
  Moments moments_{};
  Job job_{};
  std::string unsent_{};
  std::uint32_t watched_ = EPOLLOUT;
  ResponseParser parser_{};
};

}  // namespace firstcome::load
