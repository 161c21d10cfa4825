-- Adds a configuration.
--
-- KEYS: configurations (hash), ids (sorted set), priorities (sorted set), the
--       configuration's assignments (hash), and for a request that can be
--       repeated: what it was answered with (list)
-- ARGV: id, priority or "", the JSON, or without a priority the JSON before
--       and behind its number, how many seconds the answer is kept, the JSON
--       of all assignments or "", then pairs of assignment id and JSON
--
-- Returns the priority; nil if the id exists; a status if no priority is left;
-- an array of the JSON and that of all assignments if this is a repetition.

local id, priority, json = ARGV[1], ARGV[2], ARGV[3]

if KEYS[5] then
    local first = redis.call('LRANGE', KEYS[5], 0, -1)

    if #first > 0 then
        return first
    end
end

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

for i = 7, #ARGV, 2 do
    redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
end

if KEYS[5] then
    redis.call('RPUSH', KEYS[5], json, ARGV[6])
    redis.call('EXPIRE', KEYS[5], ARGV[5])
end

return tonumber(priority)
