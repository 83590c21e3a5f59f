-- Puts claims at the end of a campaign's queue. One that waits there already keeps its ticket, and
-- is not refused although the queue is full; that this server waits for it, too, is written down.
--
-- KEYS  claims (sorted set: claim, score = ticket), meta (hash: generation, ticket, held:SERVER as
--       in fetch.lua), also (hash: claim -> servers, each with a space behind it)
-- ARGV  TTL in ms, how many may wait (0: any), this server, whether it has sent these before (1, and
--       nothing is written down again; or empty); for whoever issues a channel and a message, which
--       gets the tickets behind it (empty: nobody is told); the ticket behind which this server
--       wants what stands before these claims (empty: nothing; else it holds these, too), and how
--       many at most; then the claims
-- ->    generation, the first new ticket (others follow without gaps), a character a claim (1 it is
--       new, 0 it was there, 2 it is refused), the tickets of those that were there, and what was
--       wanted: claim, ticket, claim, ticket, …
--
-- A ticket is the time in microseconds, or one above the last where that is later: it rises although
-- the clock may not, and says when the claim arrived. The generation is drawn when there is none: a
-- new one says that what waited before is gone.
local claims, meta, also = KEYS[1], KEYS[2], KEYS[3]
local ttl, waiting_max, server = ARGV[1], tonumber(ARGV[2]), ARGV[3] .. ' '
local is_first_time = ARGV[4] == ''
local channel, message, behind, wanted_max = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local first_claim = 9
local room = waiting_max > 0 and waiting_max - redis.call('ZCARD', claims) or #ARGV
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local state = redis.call('HMGET', meta, 'generation', 'ticket')
local generation = state[1] or string.format('%.0f', now)
local last = state[2] or '0'
local wanted = {}
if behind ~= '' and behind ~= last then
  wanted = redis.call('ZRANGEBYSCORE', claims, '(' .. behind, '+inf', 'WITHSCORES', 'LIMIT', 0,
                      wanted_max)
end
local first = math.max(now, tonumber(last) + 1)
local ticket = first
local waiting = redis.call('ZMSCORE', claims, unpack(ARGV, first_claim))
local given, added = {}, {}
local flags, tickets = {}, {}
for at = first_claim, #ARGV do
  local claim = ARGV[at]
  local known = waiting[at - first_claim + 1] or given[claim]
  if known then
    flags[#flags + 1] = '0'
    tickets[#tickets + 1] = known
    local servers = is_first_time and redis.call('HGET', also, claim) or ''
    if is_first_time and not string.find(' ' .. servers, ' ' .. server, 1, true) then
      redis.call('HSET', also, claim, servers .. server)
    end
  elseif room > 0 then
    flags[#flags + 1] = '1'
    given[claim] = string.format('%.0f', ticket)
    added[#added + 1] = given[claim]
    added[#added + 1] = claim
    ticket = ticket + 1
    room = room - 1
  else
    flags[#flags + 1] = '2'
  end
end
if #added > 0 then redis.call('ZADD', claims, unpack(added)) end
if ticket > first then last = string.format('%.0f', ticket - 1) end
redis.call('HSET', meta, 'generation', generation, 'ticket', last)
if behind ~= '' then redis.call('HSET', meta, 'held:' .. ARGV[3], last) end
redis.call('PEXPIRE', claims, ttl)
redis.call('PEXPIRE', meta, ttl)
if is_first_time and #tickets > 0 then redis.call('PEXPIRE', also, ttl) end
local first_ticket = string.format('%.0f', first)
if channel ~= '' then
  redis.call('PUBLISH', channel, message .. string.format(' %s %.0f', first_ticket, ticket - first))
end
return {generation, first_ticket, table.concat(flags), tickets, wanted}
