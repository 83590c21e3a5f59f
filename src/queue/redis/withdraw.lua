-- Takes claims out of a campaign's queue whose clients are not to wait. One that may have been kept
-- stays: somebody was told to wait.
--
-- KEYS  claims, meta (hash: kept = the newest ticket of a kept claim), also (hash: claim -> servers)
-- ARGV  the claims
-- ->    for each its ticket, empty when it is not in the queue any more, and what became of it:
--       s it stays, o it is out, a it is out and other servers have sent it, too
local claims, meta, also = KEYS[1], KEYS[2], KEYS[3]
local newest = tonumber(redis.call('HGET', meta, 'kept') or '0')
local fates = {}
for _, claim in ipairs(ARGV) do
  local ticket = redis.call('ZSCORE', claims, claim)
  local fate = 's'
  if ticket and tonumber(ticket) > newest then
    redis.call('ZREM', claims, claim)
    fate = redis.call('HDEL', also, claim) == 1 and 'a' or 'o'
  end
  fates[#fates + 1] = ticket or ''
  fates[#fates + 1] = fate
end
return fates
