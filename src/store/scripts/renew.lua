-- with lib/renew.lua
--
-- Takes a check-in of a device that is known to all of its scopes, and counts
-- there as its last one does.
--
-- KEYS: of each scope its hash and its newest
-- ARGV: the record, its microseconds, how many of the newest are kept, and for
--       each scope the bucket that the device must be in
--
-- Returns 1; 3 if it is not as easy as that: nothing was done then.

local record, usec, keep = ARGV[1], ARGV[2], tonumber(ARGV[3])
local data = {}

for i = 1, #KEYS / 2 do
    data[i] = renewed(KEYS[2 * i - 1], ARGV[i + 3], record)

    if data[i] == nil then
        return 3
    end
end

local key = string.sub(record, 4, 17)

for i = 1, #KEYS / 2 do
    if data[i] then
        local recent = KEYS[2 * i]

        redis.call('HSET', KEYS[2 * i - 1], ARGV[i + 3], data[i])

        if redis.call('ZADD', recent, usec, key) == 1
           and redis.call('ZCARD', recent) > 2 * keep
        then
            redis.call('ZREMRANGEBYRANK', recent, 0, -keep - 1)
        end
    end
end

return 1
