-- A coupon from a script in Redis, as it is usually done: how many are gone, who has one already,
-- who has which.
--
-- KEYS  users (set), issued (counter), winners (list)
-- ARGV  user, stock
-- ->    rank, 0 when all are gone, -1 when the user has one
if tonumber(redis.call('GET', KEYS[2]) or '0') >= tonumber(ARGV[2]) then return 0 end
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 then return -1 end
redis.call('RPUSH', KEYS[3], ARGV[1])
return redis.call('INCR', KEYS[2])
