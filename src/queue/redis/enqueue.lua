-- Puts claims at the end of a campaign's queue. One that waits there already keeps its ticket, and
-- is not refused although the queue is full.
--
-- KEYS  claims (sorted set: claim, score = ticket), meta (hash: generation, ticket)
-- ARGV  TTL in ms, how many may wait (0: any), channel and message for whoever issues (empty:
--       nobody is told), then the claims
-- ->    generation, the first new ticket (others follow without gaps), a character a claim (1 it is
--       new, 0 it was there, 2 it is refused), and the tickets of those that were there
--
-- A ticket is the time in microseconds, or one above the last where that is later: it rises although
-- the clock may not, and says when the claim arrived. The generation is drawn when there is none: a
-- new one says that what waited before is gone.
local claims, meta = KEYS[1], KEYS[2]
local ttl, waiting_max, channel, message = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local room = waiting_max > 0 and waiting_max - redis.call('ZCARD', claims) or #ARGV
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local state = redis.call('HMGET', meta, 'generation', 'ticket')
local generation = state[1] or string.format('%.0f', now)
local ticket = math.max(now, tonumber(state[2] or '0') + 1)
local first_ticket = string.format('%.0f', ticket)
local flags, tickets = {}, {}
for at = 5, #ARGV do
  local there = room <= 0 and redis.call('ZSCORE', claims, ARGV[at])
  local flag = '2'
  if there or room > 0 then
    local added = redis.call('ZADD', claims, 'NX', string.format('%.0f', ticket), ARGV[at])
    flag = tostring(added)
    ticket = ticket + added
    room = room - added
    if added == 0 then tickets[#tickets + 1] = redis.call('ZSCORE', claims, ARGV[at]) end
  end
  flags[#flags + 1] = flag
end
redis.call('HSET', meta, 'generation', generation, 'ticket', string.format('%.0f', ticket))
redis.call('PEXPIRE', claims, ttl)
redis.call('PEXPIRE', meta, ttl)
if channel ~= '' then redis.call('PUBLISH', channel, message) end
return {generation, first_ticket, table.concat(flags), tickets}
