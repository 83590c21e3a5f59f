-- Takes decided claims out of a campaign's queue. Of a kept one it is written down how it ended,
-- unless the ledger knows.
--
-- KEYS  claims, kept (hash: user -> outcome, ticket, zero byte, Idempotency-Key)
-- ARGV  TTL in ms, the outcomes that the ledger knows, an outcome (a digit) a claim, then the claims
local claims, kept = KEYS[1], KEYS[2]
local ttl, in_ledger, outcomes = ARGV[1], ARGV[2], ARGV[3]
local first = 4
if redis.call('EXISTS', kept) == 1 then
  for at = first, #ARGV do
    local zero = string.find(ARGV[at], '\0', 1, true)
    local user = string.sub(ARGV[at], 1, zero - 1)
    local waits = redis.call('ZSCORE', claims, ARGV[at])
    local entry = redis.call('HGET', kept, user)
    if waits and entry and string.sub(entry, 2) == waits .. string.sub(ARGV[at], zero) then
      local outcome = string.sub(outcomes, at - first + 1, at - first + 1)
      if string.find(in_ledger, outcome, 1, true) then
        redis.call('HDEL', kept, user)
      else
        redis.call('HSET', kept, user, outcome .. string.sub(entry, 2))
        redis.call('PEXPIRE', kept, ttl)
      end
    end
  end
end
return redis.call('ZREM', claims, unpack(ARGV, first))
