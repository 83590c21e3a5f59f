-- Takes a campaign from those in which claims are kept, unless one was kept there since.
--
-- KEYS  kept campaigns (sorted set: campaign, score = when the last claim was kept)
-- ARGV  campaign, the score that was seen
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
