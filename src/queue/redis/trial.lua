-- Does once all that scripts of the queue do, so that a user who may not is found out at a start.
--
-- KEYS  claims, meta
-- ARGV  TTL in ms, channel
redis.call('ZCARD', KEYS[1])
redis.call('TIME')
redis.call('HMGET', KEYS[2], 'generation', 'ticket')
redis.call('ZADD', KEYS[1], 'NX', 1, 'trial')
redis.call('HSET', KEYS[2], 'trial', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
redis.call('ZRANGEBYSCORE', KEYS[1], '(0', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
redis.call('PUBLISH', ARGV[2], '')
redis.call('EXISTS', KEYS[2])
redis.call('HGET', KEYS[2], 'trial')
redis.call('HGETALL', KEYS[2])
redis.call('HDEL', KEYS[2], 'trial')
redis.call('ZSCORE', KEYS[1], 'trial')
redis.call('ZMSCORE', KEYS[1], 'trial')
redis.call('ZRANK', KEYS[1], 'trial')
redis.call('ZREM', KEYS[1], 'trial')
return redis.status_reply('OK')
