#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "queue/redis/redis_map.hpp"

// Hears what is published on channels, over a connection and a thread of its own. When the
// connection is lost (the server closed it, or answered no PING within two seconds), it finds the
// master anew, subscribes to everything again and says so. What was published in between is lost:
// Redis keeps no messages, so a message is a hint to look, never the truth itself.
//
// In a cluster it listens at one node: PUBLISH, also from a script, reaches every node over the
// cluster's bus. Sharded channels (SPUBLISH, Redis 7) would save that, but need a connection a
// shard, a new one at each move of a slot, and do not exist in 6.2; one message a batch is no load.
// A node that is cut off from the rest of its cluster still answers PING and hears nothing: a
// caller that must not miss work also looks by itself now and then.
//
// Thread rule: any thread but the subscriber's own may call everything. Callbacks run on the
// subscriber's thread, one at a time, and must not block: while they do, nothing is heard.

namespace firstcome {

struct RedisListener {
  // A message.
  std::function<void(std::string_view channel, std::string_view payload)> on_message;
  // From now on nothing published on this channel is missed, until on_lost().
  std::function<void(std::string_view channel)> on_subscribed;
  // Connected, and subscribed to everything that was wanted by then.
  std::function<void()> on_connected;
  // The connection broke, or none could be made; `reason` is a sentence. Called once until the next
  // on_connected().
  std::function<void(std::string_view reason)> on_lost;
};

class RedisSubscriber {
 public:
  // Starts the thread, which connects by itself and tries again for ever, after 50 ms to 1 s.
  RedisSubscriber(std::shared_ptr<const RedisAccess> access, RedisListener listener);
  // Ends the thread: no callback runs any more after it. Waits for a connection attempt that is
  // under way, at most the URL's timeout_ms.
  ~RedisSubscriber();
  RedisSubscriber(const RedisSubscriber&) = delete;
  RedisSubscriber& operator=(const RedisSubscriber&) = delete;

  // Wants a channel, or no longer. Returns at once; on_subscribed() tells when it counts. Twice is
  // once.
  void subscribe(std::string channel);
  void unsubscribe(const std::string& channel);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace firstcome
