-- with lib/renew.lua
--
-- Adds a configuration that nothing depends on, with a check-in that stays in
-- its JSON and is that of a device that the tenant knows.
--
-- KEYS: configurations, ids, priorities, streams, the tenant's check-ins (hash,
--       newest)
-- ARGV: id, priority, the JSON, the record of the check-in, its microseconds,
--       the bucket that the device must be in
--
-- Returns 1; 0 if the id exists; 3 if it is not as easy as that: nothing was
-- done then.

local id, priority, json, record, usec, field = unpack(ARGV)
local data = renewed(KEYS[5], field, record)

if data == nil then
    return 3
end

if redis.call('HSETNX', KEYS[1], id, json) == 0 then
    return 0
end

redis.call('ZADD', KEYS[2], '0', id)
redis.call('ZADD', KEYS[3], priority, id)
redis.call('HSET', KEYS[4], 'c/' .. id, record)

if data then
    redis.call('HSET', KEYS[5], field, data)

    if redis.call('ZADD', KEYS[6], usec, string.sub(record, 4, 17)) == 1 then
        redis.call('ZREMRANGEBYRANK', KEYS[6], 0, -1001)
    end
end

return 1
