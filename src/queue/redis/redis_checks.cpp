#include "queue/redis/redis_checks.hpp"

#include <span>
#include <string_view>
#include <utility>

#include "queue/redis/redis_info.hpp"
#include "queue/redis/redis_trial.hpp"

namespace firstcome {
namespace {

constexpr unsigned major_min = 6;
constexpr unsigned minor_min = 2;
constexpr std::string_view all_slots = "16384";

// One server's findings, each line with its name.
class Judge {
 public:
  Judge(const RedisFacts& facts, RedisTopology topology) : facts_(facts), topology_(topology) {}

  RedisFindings judge() {
    version();
    mode();
    eviction();
    persistence();
    replicas();
    return std::move(findings_);
  }

 private:
  [[nodiscard]] std::string_view info(std::string_view name) const {
    return redis_info_field(facts_.info, name);
  }
  [[nodiscard]] std::string line(const std::string& words) const {
    return "Redis at " + facts_.server + " " + words;
  }
  void error(const std::string& words) { findings_.errors.push_back(line(words)); }
  void warn(const std::string& words) { findings_.warnings.push_back(line(words)); }

  void version();
  void mode();
  void eviction();
  void persistence();
  void replicas();

  const RedisFacts& facts_;
  RedisTopology topology_;
  RedisFindings findings_;
};

void Judge::version() {
  const auto version = redis_version(facts_.info);
  if (!version) return error("does not say its version (INFO server)");
  if (version->product != "Redis") return;  // Valkey began after 7.2
  if (std::pair(version->major, version->minor) < std::pair(major_min, minor_min)) {
    error("is version " + version->text + ": 6.2 or newer is needed");
  }
}

void Judge::mode() {
  const bool clustered = redis_mode(facts_.info) == "cluster";
  if (topology_ != RedisTopology::cluster) {
    if (clustered) error("is a node of a cluster: use redis+cluster:// in the URL");
    return;
  }
  const std::string_view state = redis_info_field(facts_.cluster_info, "cluster_state");
  if (state != "ok") {
    return error("sees its cluster in state '" + std::string(state) +
                 "': see CLUSTER INFO; redis-cli --cluster check HOST:PORT says what is wrong");
  }
  const std::string_view slots = redis_info_field(facts_.cluster_info, "cluster_slots_ok");
  if (slots != all_slots) {
    warn("serves a cluster of which only " + std::string(slots) +
         " of 16384 slots are served: campaigns in the others cannot be used");
  }
}

void Judge::eviction() {
  std::string policy(info("maxmemory_policy"));
  if (facts_.config) policy = facts_.config->maxmemory_policy;
  if (policy.empty()) {
    return warn(
        "refuses CONFIG and shows no maxmemory_policy in INFO memory: that it never "
        "evicts keys could not be checked; it must be noeviction");
  }
  if (!facts_.config) {
    warn(
        "refuses CONFIG to this user: the eviction policy was read from INFO memory "
        "(maxmemory_policy), persistence from INFO persistence (aof_enabled)");
  }
  if (policy == "noeviction") return;
  error("evicts keys when its memory is full (maxmemory-policy " + policy +
        "), which would lose claims: set it to noeviction, with CONFIG SET maxmemory-policy "
        "noeviction and in redis.conf");
}

void Judge::persistence() {
  const std::string fsync = facts_.config ? facts_.config->appendfsync : "";
  if (info("aof_enabled") == "1") {
    if (fsync == "everysec") {
      warn("syncs its append-only file once a second: a power loss loses up to two seconds");
    } else if (fsync == "no") {
      warn(
          "never syncs its append-only file (appendfsync no): a power loss loses what the system "
          "had not written, about 30 seconds");
    }
  } else if (facts_.config && facts_.config->save.empty()) {
    warn(
        "keeps nothing on disk (appendonly no, save \"\"): a restart loses the order of all "
        "claims in flight; appendonly yes keeps it");
  } else {
    warn(
        "keeps snapshots only (appendonly no): a restart loses the order of claims that came "
        "after the last one; appendonly yes keeps it");
  }
  if (info("aof_last_write_status") == "err" || info("rdb_last_bgsave_status") == "err") {
    warn("could not write to its disk the last time it tried: see its log");
  }
}

void Judge::replicas() {
  if (topology_ == RedisTopology::single || info("connected_slaves") != "0") return;
  warn("has no replica connected: nothing can take over when it is lost");
}

std::unexpected<Error> unasked(const RedisError& error) {
  Error result = to_error(error);
  if (result.code != ErrorCode::invalid) result.code = ErrorCode::unavailable;
  if (error.kind == RedisErrorKind::readonly) result.code = ErrorCode::invalid;
  result.field = "queue";
  if (error.kind == RedisErrorKind::unreachable) {
    result.message += "; is it running, and are host and port right?";
  }
  return std::unexpected(std::move(result));
}

// name, value, name, value…
std::string_view config_value(const RedisValue& pairs, std::string_view name) {
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (pairs[i].text() == name) return pairs[i + 1].text();
  }
  return {};
}

std::optional<RedisFacts::Config> config_of(std::span<const RedisResult> replies) {
  for (const RedisResult& reply : replies) {
    if (!reply) return std::nullopt;
  }
  return RedisFacts::Config{std::string(config_value(*replies[0], "maxmemory-policy")),
                            std::string(config_value(*replies[1], "appendfsync")),
                            std::string(config_value(*replies[2], "save"))};
}

RedisExpected<RedisFacts> ask(const RedisTarget& target, bool cluster, RedisDeadline deadline) {
  auto connection = RedisConnection::open(target, deadline);
  if (!connection) return std::unexpected(std::move(connection.error()));
  std::vector<RedisCommand> commands;
  for (const char* const name : {"maxmemory-policy", "appendfsync", "save"}) {
    commands.push_back(RedisCommand("CONFIG").arg("GET").arg(name));
  }
  const std::size_t first_info = commands.size();
  for (const char* const section : {"server", "memory", "persistence", "replication"}) {
    commands.push_back(RedisCommand("INFO").arg(section));
  }
  if (cluster) commands.push_back(RedisCommand("CLUSTER").arg("INFO"));
  const std::vector<RedisResult> replies = connection->run(commands, deadline);
  RedisFacts facts{.server = target.endpoint.str(),
                   .config = config_of(std::span(replies).first(first_info))};
  for (std::size_t i = first_info; i < replies.size(); ++i) {
    if (!replies[i]) return std::unexpected(replies[i].error());
    (i < first_info + 4 ? facts.info : facts.cluster_info) += replies[i]->text();
  }
  return facts;
}

std::string named(const RedisFacts& facts) {
  const auto version = redis_version(facts.info);
  return (version ? version->product + " " + version->text : "Redis") + " at " + facts.server;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string result;
  for (const std::string& line : lines) result += (result.empty() ? "" : "\n") + line;
  return result;
}

}  // namespace

RedisFindings judge_redis(const RedisFacts& facts, RedisTopology topology) {
  return Judge(facts, topology).judge();
}

Result<RedisReport> check_redis(const std::shared_ptr<const RedisAccess>& access,
                                RedisDeadline deadline) {
  const auto map = make_redis_map(access);
  if (auto known = map->prepare(deadline); !known) return unasked(known.error());
  const RedisTopology topology = access->url().topology;
  RedisReport report;
  std::vector<std::string> errors;
  for (const RedisEndpoint& endpoint : map->masters()) {
    const auto facts = ask(access->master(endpoint), topology == RedisTopology::cluster, deadline);
    if (!facts) return unasked(facts.error());
    report.servers.push_back(named(*facts));
    RedisFindings findings = judge_redis(*facts, topology);
    errors.insert(errors.end(), findings.errors.begin(), findings.errors.end());
    report.warnings.insert(report.warnings.end(), findings.warnings.begin(),
                           findings.warnings.end());
  }
  if (!errors.empty()) return invalid("queue", joined(errors));
  const auto tried = try_redis(access, deadline);
  // A cluster that lacks slots has its warning already.
  if (!tried && tried.error().kind != RedisErrorKind::cluster_down) return unasked(tried.error());
  return report;
}

}  // namespace firstcome
