-- Takes claims out of a campaign's queue whose clients are not to wait. One that may have been kept
-- stays, because somebody was told to wait, and so does one that other servers have sent, too: it is
-- also theirs.
--
-- KEYS  claims, meta (hash: kept = the newest ticket of a kept claim), also (hash: claim -> servers)
-- ARGV  the claims
-- ->    for each its ticket, empty when it is not in the queue any more, and 1 when it is out, else 0
local claims, meta, also = KEYS[1], KEYS[2], KEYS[3]
local newest = tonumber(redis.call('HGET', meta, 'kept') or '0')
local fates = {}
for _, claim in ipairs(ARGV) do
  local ticket = redis.call('ZSCORE', claims, claim)
  local is_out = 0
  if ticket and tonumber(ticket) > newest and redis.call('HEXISTS', also, claim) == 0 then
    is_out = redis.call('ZREM', claims, claim)
  end
  fates[#fates + 1] = ticket or ''
  fates[#fates + 1] = is_out
end
return fates
