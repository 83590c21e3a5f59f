-- Fetches what stands in a campaign's queue, in order, and writes down up to which ticket this server
-- holds claims: until it says otherwise they may come to a coupon there, and nobody else takes them
-- out.
--
-- KEYS  claims, meta (hash: held:SERVER = the newest ticket that the server holds)
-- ARGV  this server, the newest ticket that it holds already (0: none), the ticket behind which it
--       fetches, how many claims at most
-- ->    claim, ticket, claim, ticket, …
local claims, meta, held = KEYS[1], KEYS[2], 'held:' .. ARGV[1]
local newest, behind, most = ARGV[2], ARGV[3], ARGV[4]
local fetched = redis.call('ZRANGEBYSCORE', claims, '(' .. behind, '+inf', 'WITHSCORES', 'LIMIT', 0,
                           most)
if #fetched > 0 and tonumber(fetched[#fetched]) > tonumber(newest) then newest = fetched[#fetched] end
if newest == '0' then
  redis.call('HDEL', meta, held)
elseif redis.call('EXISTS', meta) == 1 then
  redis.call('HSET', meta, held, newest)
end
return fetched
