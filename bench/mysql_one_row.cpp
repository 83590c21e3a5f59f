#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "core/check.hpp"
#include "ledger/mysql/mysql_connection.hpp"
#include "ledger/mysql/mysql_schema.hpp"

// The peer of the ledger's batches: a coupon a transaction, over many connections at once, each
// transaction in one round trip.
//
//   firstcome_mysql_one_row URL CONNECTIONS SECONDS counted|bare [PAUSE_MS]
//
// With a pause before each transaction the time of the pauses does not count.
//
// `counted` does what a coupon needs: it takes the next rank from the campaign's row, if there is
// stock, and inserts it. `bare` only inserts, so it would give out any number of coupons.

namespace firstcome {
namespace {

struct Settings {
  MysqlUrl url;
  int connections;
  std::chrono::seconds duration;
  bool counted;
  std::chrono::milliseconds pause;
};

MysqlConnection connect(const MysqlUrl& url) {
  auto connection = MysqlConnection::open(url.primary, url.login);
  CHECK(connection.has_value(), connection.error().message.c_str());
  return std::move(*connection);
}

void prepare(const MysqlUrl& url) {
  MysqlConnection connection = connect(url);
  CHECK(prepare_schema(connection, true).has_value(), "the schema");
  CHECK(connection
            .run("TRUNCATE TABLE coupons; REPLACE INTO issuing VALUES (1, 1, 0, 0, 0, 0, 0, 0, 0)")
            .has_value(),
        "an empty campaign");
}

std::string transaction(const Settings& settings, std::uint32_t number) {
  const std::string user = std::to_string(number);
  const std::string rank = settings.counted ? "LAST_INSERT_ID()" : user;
  const std::string take = settings.counted
                               ? "UPDATE issuing SET issued = LAST_INSERT_ID(issued + 1) "
                                 "WHERE campaign = 1 AND issued < 1000000000;"
                               : "";
  return "BEGIN;" + take +
         "INSERT INTO coupons (campaign, `rank`, user, nth, code, issued_at, epoch, ticket) VALUES "
         "(1, " +
         rank + ", 'user-" + user + "', 1, LPAD('" + user + "', 10, '0'), 1795348800000, 1, " +
         rank + "); COMMIT";
}

int run(const Settings& settings) {
  prepare(settings.url);
  std::vector<MysqlConnection> connections;
  for (int i = 0; i < settings.connections; ++i) connections.push_back(connect(settings.url));
  std::atomic<std::uint32_t> next = 0;
  std::atomic<std::chrono::steady_clock::rep> in_transactions = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto end = begin + settings.duration;
  std::vector<std::jthread> threads;
  for (MysqlConnection& connection : connections) {
    threads.emplace_back([&] {
      while (std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(settings.pause);
        const auto start = std::chrono::steady_clock::now();
        const auto done = connection.run(transaction(settings, ++next));
        CHECK(done.has_value(), done.error().message.c_str());
        in_transactions += (std::chrono::steady_clock::now() - start).count();
      }
    });
  }
  threads.clear();
  const std::chrono::steady_clock::duration all(in_transactions.load());
  const std::chrono::duration<double> took = settings.pause.count() == 0
                                                 ? std::chrono::steady_clock::now() - begin
                                                 : all / settings.connections;
  std::printf("%.0f\n", next / took.count());
  return 0;
}

}  // namespace
}  // namespace firstcome

int main(int count, char** arguments) {
  CHECK(count == 5 || count == 6, "URL CONNECTIONS SECONDS counted|bare [PAUSE_MS]");
  const std::string kind = arguments[4];
  CHECK(kind == "counted" || kind == "bare", "counted or bare");
  return firstcome::run(
      {.url = firstcome::parse_mysql_url(arguments[1]).value(),
       .connections = std::stoi(arguments[2]),
       .duration = std::chrono::seconds(std::stoi(arguments[3])),
       .counted = kind == "counted",
       .pause = std::chrono::milliseconds(count == 6 ? std::stoi(arguments[5]) : 0)});
}
