#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "load/worker.hpp"
#include "net/socket.hpp"

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

// A server on the same machine that answers each claim as `reply_to` says: "" for never, or bytes;
// and closes after replies that say so. One loop, one thread.
class FakeServer final : private EventLoop::Handler {
 public:
  using ReplyTo = std::function<std::string(const std::string& request)>;

  explicit FakeServer(ReplyTo reply_to) : reply_to_(std::move(reply_to)) {
    listener_ = *listen_on(*parse_address("127.0.0.1:0"));
    loop_.add(listener_.get(), EPOLLIN, *this);
    thread_ = std::jthread([this] { loop_.run(-1ns); });
  }
  ~FakeServer() override {
    loop_.post([this] { loop_.stop(); });
  }
  [[nodiscard]] Address address() const { return local_address(listener_.get()); }

 private:
  struct Peer final : EventLoop::Handler {
    Peer(FakeServer& owner, Fd socket) : server(owner), fd(std::move(socket)) {
      server.loop_.add(fd.get(), EPOLLIN, *this);
    }
    ~Peer() override { server.loop_.remove(fd.get(), *this); }
    void on_events(std::uint32_t) override {
      char bytes[4096];
      const ssize_t size = recv(fd.get(), bytes, sizeof bytes, 0);
      if (size <= 0) return server.forget(*this);
      const std::string reply = server.reply_to_({bytes, static_cast<std::size_t>(size)});
      ::send(fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      if (reply.contains("Connection: close")) server.forget(*this);
    }
    FakeServer& server;
    Fd fd;
  };

  void on_events(std::uint32_t) override {
    Fd socket = *accept_from(listener_.get());
    if (!socket) return;
    auto peer = std::make_unique<Peer>(*this, std::move(socket));
    Peer* const key = peer.get();
    peers_[key] = std::move(peer);
  }
  void forget(Peer& peer) { peers_.erase(&peer); }

  ReplyTo reply_to_;
  EventLoop loop_;
  Fd listener_;
  std::map<Peer*, std::unique_ptr<Peer>> peers_;
  std::jthread thread_;
};

std::string reply_with(int status, const std::string& body, const std::string& field = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + field +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string issued = R"({"outcome":"issued","rank":1,"code":"0123456789ABCDEF"})";
const std::string sold_out = R"({"code":"sold_out"})";

// One worker and all that it borrows.
struct Bench {
  Plan plan{};
  SystemClock clock{};
  HistoryFile history{};
  Progress progress{};
  std::atomic<Ending> ending{Ending::not_asked};
  std::atomic<std::uint64_t> taken{0};
  std::optional<ClaimRequest> request{};
  std::optional<Recorder> recorder{};
  std::optional<Worker> worker{};

  Bench(const Address& address, std::uint64_t requests, std::uint64_t connections) {
    plan.address = address;
    plan.authority = address.str();
    plan.campaign = "drop";
    plan.requests = plan.users = requests;
    plan.connections = connections;
    plan.timeout = 10s;
    request = *ClaimRequest::make({plan.authority, plan.campaign, "key"}, "u", requests);
    recorder.emplace(plan, *request, history, progress);
    worker.emplace(plan, connections, *request, *recorder, clock, ending);
  }
  const Tally& run_closed() {
    const Monotonic end = clock.monotonic() + 60s;
    ClosedSource source(taken, plan.requests, end);
    worker->measure(source, end);
    return recorder->tally();
  }
  const Tally& run_open(double rate) {
    plan.model = Model::open;
    OpenSource source(rate, plan.requests, clock.monotonic());
    worker->measure(source, clock.monotonic() + 60s);
    return recorder->tally();
  }
};

TEST(Worker, ClosedModelSendsEachClaimOnce) {
  std::map<std::string, int> seen;
  FakeServer server([&](const std::string& request) {
    ++seen[request.substr(request.find("\r\n\r\n") + 4)];
    return reply_with(201, issued);
  });
  Bench bench(server.address(), 500, 20);
  const Tally& tally = bench.run_closed();
  EXPECT_EQ(tally.served(), 500U);
  EXPECT_EQ(tally.failed(), 0U);
  EXPECT_EQ(bench.worker->connections_peak(), 20U);
  EXPECT_EQ(seen.size(), 500U);
  EXPECT_EQ(seen["{\"user\":\"u000500\"}"], 1);
}

TEST(Worker, OpenModelSendsTheWholeSchedule) {
  std::atomic<int> count{0};
  FakeServer server([&](const std::string&) {
    return ++count <= 100 ? reply_with(201, issued) : reply_with(409, sold_out);
  });
  Bench bench(server.address(), 300, 50);
  const Tally& tally = bench.run_open(5000);
  EXPECT_EQ(tally.served(), 100U);
  EXPECT_EQ(tally.refused(), 200U);
  EXPECT_EQ(tally.outcomes().at("sold_out"), 200U);
  EXPECT_LE(bench.worker->connections_peak(), 50U);
}

TEST(Worker, OpensAgainWhereTheServerCloses) {
  std::atomic<int> count{0};
  FakeServer server([&](const std::string&) {
    return reply_with(201, issued, ++count % 7 == 0 ? "Connection: close\r\n" : "");
  });
  Bench bench(server.address(), 100, 3);
  const Tally& tally = bench.run_closed();
  EXPECT_EQ(tally.served(), 100U);
  EXPECT_EQ(tally.failed(), 0U);
}

TEST(Worker, BadRepliesAreFailuresSaidPlainly) {
  std::atomic<int> count{0};
  FakeServer server([&](const std::string&) -> std::string {
    switch (++count) {
      case 1:
        return "garbage\r\n\r\n";
      case 2:
        return reply_with(201, issued) + "more";
      case 3:
        return reply_with(500, "oops");
      default:
        return reply_with(201, issued);
    }
  });
  Bench bench(server.address(), 10, 1);
  const Tally& tally = bench.run_closed();
  EXPECT_EQ(tally.served(), 7U);
  EXPECT_EQ(tally.failures().at("not an HTTP/1.x reply"), 1U);
  EXPECT_EQ(tally.failures().at("bytes after the reply"), 1U);
  EXPECT_EQ(tally.failures().at("500 unknown"), 1U);
}

TEST(Worker, AServerThatIsAwayFailsEveryRequest) {
  Address nobody;
  {
    const Fd listener = *listen_on(*parse_address("127.0.0.1:0"));
    nobody = local_address(listener.get());
  }
  Bench bench(nobody, 5, 5);
  const Tally& tally = bench.run_closed();
  EXPECT_EQ(tally.failed(), 5U);
  EXPECT_EQ(tally.of(Measure::duration).count(), 0U);
}

TEST(Worker, NoReplyIsATimeout) {
  FakeServer server([](const std::string&) { return std::string(); });
  Bench bench(server.address(), 2, 2);
  bench.plan.timeout = 1ms;
  const Tally& tally = bench.run_closed();
  EXPECT_EQ(tally.failures().at("timeout"), 2U);
}

TEST(Worker, AnEarlyEndCountsWhatIsUnderWay) {
  Bench* asked = nullptr;
  std::optional<FakeServer> server(std::in_place, [&](const std::string&) {
    asked->ending = Ending::now;
    asked->worker->wake();
    return std::string();
  });
  Bench bench(server->address(), 100, 1);
  asked = &bench;
  const Tally& tally = bench.run_closed();
  EXPECT_EQ(tally.requests(), 1U);
  EXPECT_EQ(tally.failures().at("no reply before the end"), 1U);
  server.reset();  // its thread may still be in wake()
}

TEST(Worker, WarmingUpCountsNothingAndKeepsTheConnections) {
  std::atomic<int> reads{0};
  std::atomic<int> claims{0};
  FakeServer server([&](const std::string& request) {
    ++(request.starts_with("GET /v1/campaigns/drop HTTP/1.1\r\n") ? reads : claims);
    return reply_with(request.starts_with("GET") ? 200 : 201, issued);
  });
  Bench bench(server.address(), 50, 4);
  std::atomic<std::uint64_t> warm{0};
  ClosedSource source(warm, 40, bench.clock.monotonic() + 60s);
  bench.worker->warm_up(source, bench.clock.monotonic() + 60s);
  EXPECT_EQ(reads, 40);
  EXPECT_EQ(bench.recorder->tally().requests(), 0U);
  const Tally& tally = bench.run_closed();
  EXPECT_EQ(claims, 50);
  EXPECT_EQ(tally.served(), 50U);
  EXPECT_EQ(tally.of(Measure::connecting).max(), 0ns);
}

}  // namespace
}  // namespace firstcome::load
