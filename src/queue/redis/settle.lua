-- Takes decided claims out of a campaign's queue, unless they have come there anew since. Of those
-- that were kept it is written down how they ended, unless the ledger knows, or they stay.
--
-- KEYS  claims, meta (hash: kept = the newest ticket of a kept claim), kept (hash: user -> outcome,
--       ticket, zero byte, Idempotency-Key), also (hash: claim -> servers)
-- ARGV  TTL in ms, the outcomes that the ledger knows, those with which a kept claim stays in the
--       queue, an outcome (a digit) a claim, then the claims, then their tickets
-- ->    the numbers of the claims that stay, from 1; and those that further servers have sent
--       meanwhile, with these: claim, servers, claim, servers, …
local claims, meta, kept, also = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ttl, in_ledger, to_stay, outcomes = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local newest = tonumber(redis.call('HGET', meta, 'kept') or '0')
local present = redis.call('ZMSCORE', claims, unpack(ARGV, 5, #outcomes + 4))

-- Whether it stays.
local function settle_kept(claim, ticket, outcome)
  if string.find(to_stay, outcome, 1, true) then return true end
  local zero = string.find(claim, '\0', 1, true)
  local user = string.sub(claim, 1, zero - 1)
  local entry = ticket .. string.sub(claim, zero)
  if not string.find(in_ledger, outcome, 1, true) then
    redis.call('HSET', kept, user, outcome .. entry)
  elseif string.sub(redis.call('HGET', kept, user) or '', 2) == entry then
    redis.call('HDEL', kept, user)
  end
  return false
end

local decided, staying, told = {}, {}, {}
for at = 1, #outcomes do
  local claim, ticket = ARGV[at + 4], ARGV[at + 4 + #outcomes]
  if present[at] == ticket then
    local is_kept = newest > 0 and tonumber(ticket) <= newest
    if is_kept and settle_kept(claim, ticket, string.sub(outcomes, at, at)) then
      staying[#staying + 1] = at
    else
      decided[#decided + 1] = claim
    end
  end
end
if newest > 0 then redis.call('PEXPIRE', kept, ttl) end
if #decided == 0 then return {staying, told} end
redis.call('ZREM', claims, unpack(decided))
if redis.call('EXISTS', also) == 0 then return {staying, told} end
local servers = redis.call('HMGET', also, unpack(decided))
for at = 1, #decided do
  if servers[at] then
    told[#told + 1] = decided[at]
    told[#told + 1] = servers[at]
  end
end
redis.call('HDEL', also, unpack(decided))
return {staying, told}
