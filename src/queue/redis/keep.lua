-- Writes down that claims wait, before their clients are told so: up to which ticket that may be
-- so, and for who asks by the user alone, the claims that have an Idempotency-Key.
--
-- KEYS  claims, meta (hash: kept = the newest ticket of a kept claim), kept (hash: user -> outcome,
--       ticket, zero byte, Idempotency-Key)
-- ARGV  TTL in ms, the outcome that says so (a digit), then the claims
-- ->    for each its ticket and how many stand before it, both empty when it does not wait any more
local claims, meta, kept = KEYS[1], KEYS[2], KEYS[3]
local ttl, queued = ARGV[1], ARGV[2]
local newest = redis.call('HGET', meta, 'kept') or '0'
local places = {}
for at = 3, #ARGV do
  local ticket = redis.call('ZSCORE', claims, ARGV[at])
  if ticket then
    local zero = string.find(ARGV[at], '\0', 1, true)
    if zero < #ARGV[at] then
      local user = string.sub(ARGV[at], 1, zero - 1)
      redis.call('HSET', kept, user, queued .. ticket .. string.sub(ARGV[at], zero))
    end
    if tonumber(ticket) > tonumber(newest) then newest = ticket end
    places[#places + 1] = ticket
    places[#places + 1] = tostring(redis.call('ZRANK', claims, ARGV[at]))
  else
    places[#places + 1] = ''
    places[#places + 1] = ''
  end
end
redis.call('HSET', meta, 'kept', newest)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttl) end
return places
