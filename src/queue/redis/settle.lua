-- Takes decided claims out of a campaign's queue, unless they have come there anew since. Of those
-- that were kept it is written down how they ended, unless the ledger knows, or they stay.
--
-- KEYS  claims, meta (hash: kept = the newest ticket of a kept claim), kept (hash: user -> outcome,
--       ticket, zero byte, Idempotency-Key)
-- ARGV  TTL in ms, the outcomes that the ledger knows, those with which a kept claim stays in the
--       queue, an outcome (a digit) a claim, then the claims, then their tickets
-- ->    the numbers of the claims that stay, from 1
local claims, meta, kept = KEYS[1], KEYS[2], KEYS[3]
local ttl, in_ledger, to_stay, outcomes = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local newest = tonumber(redis.call('HGET', meta, 'kept') or '0')
local present = redis.call('ZMSCORE', claims, unpack(ARGV, 5, #outcomes + 4))
local decided, staying = {}, {}
for at = 1, #outcomes do
  local claim, ticket = ARGV[at + 4], ARGV[at + 4 + #outcomes]
  local outcome = string.sub(outcomes, at, at)
  local is_kept = present[at] == ticket and tonumber(ticket) <= newest
  if is_kept and string.find(to_stay, outcome, 1, true) then
    staying[#staying + 1] = at
  elseif present[at] == ticket then
    decided[#decided + 1] = claim
    if is_kept then
      local zero = string.find(claim, '\0', 1, true)
      local user = string.sub(claim, 1, zero - 1)
      local entry = ticket .. string.sub(claim, zero)
      if not string.find(in_ledger, outcome, 1, true) then
        redis.call('HSET', kept, user, outcome .. entry)
      elseif string.sub(redis.call('HGET', kept, user) or '', 2) == entry then
        redis.call('HDEL', kept, user)
      end
    end
  end
end
if newest > 0 then redis.call('PEXPIRE', kept, ttl) end
if #decided > 0 then redis.call('ZREM', claims, unpack(decided)) end
return staying
