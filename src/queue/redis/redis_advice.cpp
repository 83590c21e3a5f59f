#include "queue/redis/redis_advice.hpp"

#include <algorithm>
#include <array>

namespace firstcome {
namespace {

constexpr std::string_view wrong_login = "the user or the password in the URL is wrong";
constexpr std::string_view no_login = "give a password in the URL: redis://user:password@host";
constexpr std::string_view unwanted_login = "it wants no password: take it out of the URL";
constexpr std::string_view no_cluster = "it is no node of a cluster: use redis:// in the URL";
constexpr std::string_view no_cluster_but_sentinel =
    "it is no node of a cluster: use redis+sentinel:// in the URL if it is a Sentinel";
constexpr std::string_view no_sentinel =
    "it is no Sentinel: name the Sentinels, or use redis:// or redis+cluster:// in the URL";
constexpr std::string_view full = "give it more maxmemory";
constexpr std::string_view broken_disk = "see its log; its disk may be full";

struct Advice {
  std::string_view words;  // somewhere in the text
  std::string_view advice;
};

// The first row whose words are found decides. NOPERM is not here: its advice is put together.
constexpr std::array<Advice, 11> rows{{
    {"WRONGPASS", wrong_login},
    {"ERR invalid password", wrong_login},
    {"NOAUTH", no_login},
    {"without any password configured", unwanted_login},
    {"no password is set", unwanted_login},
    {"DB index is out of range", "correct the number in the URL, or raise databases in redis.conf"},
    {"cluster support disabled", no_cluster},
    {"unknown command 'CLUSTER'", no_cluster_but_sentinel},
    {"unknown command 'SENTINEL'", no_sentinel},
    {"OOM ", full},
    {"MISCONF", broken_disk},
}};

bool is_missing_permission(std::string_view text) {
  return text.contains("NOPERM") || text.contains("user executing the script can't") ||
         text.contains("ERR ACL failure in script");
}

}  // namespace

std::string with_redis_advice(std::string_view text) {
  const std::string said(text);
  if (is_missing_permission(text)) {
    return said + "; allow its user that: ACL SETUSER name " + std::string(redis_rules);
  }
  const auto* const row =
      std::ranges::find_if(rows, [&](const Advice& each) { return text.contains(each.words); });
  return row == rows.end() ? said : said + "; " + std::string(row->advice);
}

}  // namespace firstcome
