-- Takes claims out of a campaign's queue whose clients are not to wait. What may have been kept
-- stays, because somebody was told to wait; so does what another server holds, which may issue it,
-- and what other servers have sent, too: it is also theirs.
--
-- KEYS  claims, meta (hash: kept = the newest ticket of a kept claim, held:SERVER = the newest
--       ticket that the server holds), also (hash: claim -> servers)
-- ARGV  this server, then the claims, then their tickets
-- ->    a character a claim: 1 it is out, 0 it stays, or does not stand there under this ticket
local claims, meta, also = KEYS[1], KEYS[2], KEYS[3]
local own, count = 'held:' .. ARGV[1], (#ARGV - 1) / 2
local newest = 0
local state = redis.call('HGETALL', meta)
for at = 1, #state, 2 do
  local field = state[at]
  if field == 'kept' or (field ~= own and string.sub(field, 1, 5) == 'held:') then
    newest = math.max(newest, tonumber(state[at + 1]))
  end
end
local fates = {}
for at = 2, count + 1 do
  local claim, ticket = ARGV[at], ARGV[at + count]
  fates[at - 1] = '0'
  if tonumber(ticket) > newest and redis.call('ZSCORE', claims, claim) == ticket and
      not redis.call('HGET', also, claim) then
    redis.call('ZREM', claims, claim)
    fates[at - 1] = '1'
  end
end
return table.concat(fates)
