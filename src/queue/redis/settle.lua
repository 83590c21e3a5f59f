-- Takes decided claims out of a campaign's queue. Of those that were kept it is written down how
-- they ended, unless the ledger knows.
--
-- KEYS  claims, meta (hash: kept = the newest ticket of a kept claim), kept (hash: user -> outcome,
--       ticket, zero byte, Idempotency-Key)
-- ARGV  TTL in ms, the outcomes that the ledger knows, an outcome (a digit) a claim, then the claims
local claims, meta, kept = KEYS[1], KEYS[2], KEYS[3]
local ttl, in_ledger, outcomes = ARGV[1], ARGV[2], ARGV[3]
local first = 4
local newest = tonumber(redis.call('HGET', meta, 'kept') or '0')
for at = first, newest > 0 and #ARGV or 0 do
  local ticket = redis.call('ZSCORE', claims, ARGV[at])
  if ticket and tonumber(ticket) <= newest then
    local zero = string.find(ARGV[at], '\0', 1, true)
    local user = string.sub(ARGV[at], 1, zero - 1)
    local entry = ticket .. string.sub(ARGV[at], zero)
    local outcome = string.sub(outcomes, at - first + 1, at - first + 1)
    if not string.find(in_ledger, outcome, 1, true) then
      redis.call('HSET', kept, user, outcome .. entry)
    elseif string.sub(redis.call('HGET', kept, user) or '', 2) == entry then
      redis.call('HDEL', kept, user)
    end
  end
end
if newest > 0 then redis.call('PEXPIRE', kept, ttl) end
return redis.call('ZREM', claims, unpack(ARGV, first))
