-- Writes down that claims wait, before their clients are told so.
--
-- KEYS  claims, kept (hash: user -> outcome, ticket, zero byte, Idempotency-Key)
-- ARGV  TTL in ms, the outcome that says so (a digit), then the claims
-- ->    for each its ticket and how many stand before it, both empty when it does not wait any more
local claims, kept = KEYS[1], KEYS[2]
local ttl, queued = ARGV[1], ARGV[2]
local places = {}
for at = 3, #ARGV do
  local ticket = redis.call('ZSCORE', claims, ARGV[at])
  if ticket then
    local zero = string.find(ARGV[at], '\0', 1, true)
    local user = string.sub(ARGV[at], 1, zero - 1)
    redis.call('HSET', kept, user, queued .. ticket .. string.sub(ARGV[at], zero))
    places[#places + 1] = ticket
    places[#places + 1] = tostring(redis.call('ZRANK', claims, ARGV[at]))
  else
    places[#places + 1] = ''
    places[#places + 1] = ''
  end
end
redis.call('PEXPIRE', kept, ttl)
redis.call('PEXPIRE', claims, ttl)
return places
