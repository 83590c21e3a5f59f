#include "queue/redis/redis_heartbeat.hpp"

namespace firstcome {

void RedisHeartbeat::start(Time now) {
  pinged_ = now;
  due_ = false;
}

void RedisHeartbeat::heard() {
  due_ = false;
}

RedisHeartbeat::Beat RedisHeartbeat::beat(Time now) {
  if (due_) return now - pinged_ >= patience ? Beat::lost : Beat::none;
  if (now - pinged_ < interval) return Beat::none;
  pinged_ = now;
  due_ = true;
  return Beat::ping;
}

RedisHeartbeat::Time RedisHeartbeat::next() const {
  return due_ ? pinged_ + patience : pinged_ + interval;
}

}  // namespace firstcome
