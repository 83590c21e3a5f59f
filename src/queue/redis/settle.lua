-- Takes decided claims out of a campaign's queue, unless they have come there anew since. Of those
-- that were kept it is written down how they ended, unless the ledger knows.
--
-- KEYS  claims, meta (hash: kept = the newest ticket of a kept claim), kept (hash: user -> outcome,
--       ticket, zero byte, Idempotency-Key), also (hash: claim -> servers)
-- ARGV  TTL in ms, the outcomes that the ledger knows, an outcome (a digit) a claim, then the claims,
--       then their tickets
-- ->    claims that further servers have sent meanwhile, and those: claim, servers, claim, servers, …
local claims, meta, kept, also = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ttl, in_ledger, outcomes = ARGV[1], ARGV[2], ARGV[3]
local newest = tonumber(redis.call('HGET', meta, 'kept') or '0')
local present = redis.call('ZMSCORE', claims, unpack(ARGV, 4, #outcomes + 3))
local decided = {}
for at = 1, #outcomes do
  local claim, ticket = ARGV[at + 3], ARGV[at + 3 + #outcomes]
  if present[at] == ticket then
    decided[#decided + 1] = claim
    if newest > 0 and tonumber(ticket) <= newest then
      local zero = string.find(claim, '\0', 1, true)
      local user = string.sub(claim, 1, zero - 1)
      local entry = ticket .. string.sub(claim, zero)
      local outcome = string.sub(outcomes, at, at)
      if not string.find(in_ledger, outcome, 1, true) then
        redis.call('HSET', kept, user, outcome .. entry)
      elseif string.sub(redis.call('HGET', kept, user) or '', 2) == entry then
        redis.call('HDEL', kept, user)
      end
    end
  end
end
if newest > 0 then redis.call('PEXPIRE', kept, ttl) end
if #decided == 0 then return {} end
redis.call('ZREM', claims, unpack(decided))
if redis.call('EXISTS', also) == 0 then return {} end
local servers, told = redis.call('HMGET', also, unpack(decided)), {}
for at = 1, #decided do
  if servers[at] then
    told[#told + 1] = decided[at]
    told[#told + 1] = servers[at]
  end
end
redis.call('HDEL', also, unpack(decided))
return told
