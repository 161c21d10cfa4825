-- Adds a configuration.
--
-- KEYS: configurations (hash), ids (sorted set), priorities (sorted set),
--       and with assignments: the configuration's assignments (hash)
-- ARGV: id, priority or "", the JSON, or without a priority the JSON before
--       and behind its number, then pairs of assignment id and JSON
--
-- Returns the priority; nil if the id exists; a status if no priority is left.

local id, priority, json = ARGV[1], ARGV[2], ARGV[3]

if priority == '' then
    local last = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')
    local n = (tonumber(last[2]) or 0) + 1

    if n > 2147483647 then
        if redis.call('HEXISTS', KEYS[1], id) == 1 then
            return false
        end

        return redis.status_reply('EXHAUSTED')
    end

    priority = string.format('%d', n)
    json = json .. priority .. ARGV[4]
end

if redis.call('HSETNX', KEYS[1], id, json) == 0 then
    return false
end

redis.call('ZADD', KEYS[2], '0', id)
redis.call('ZADD', KEYS[3], priority, id)

for i = 5, #ARGV, 2 do
    redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
end

return tonumber(priority)
