-- include lib/checkin.lua
--
-- Adds a configuration.
--
-- KEYS: configurations (hash), ids (sorted set), priorities (sorted set), the
--       configuration's assignments (hash), streams (hash), the tenant's scope
--       of check-ins and the configuration's (hash, newest, queue), and for a
--       request that can be repeated: what it was answered with (list)
-- ARGV: id, priority or "", the JSON, or without a priority the JSON before
--       and behind its number, how many seconds the answer is kept, the JSON
--       of all assignments or "", how many of them there are, then pairs of
--       assignment id and JSON; the cutoff in milliseconds, how many of the
--       newest check-ins are kept, the summary of check-ins that are not in
--       the JSON or "", "1" if they are not, and the records of check-ins
--
-- Returns the priority; nil if the id exists; a status if no priority is left;
-- an array of the JSON and that of all assignments if this is a repetition.

local id, priority, json = ARGV[1], ARGV[2], ARGV[3]

if KEYS[12] then
    local first = redis.call('LRANGE', KEYS[12], 0, -1)

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

local n = 8 + 2 * tonumber(ARGV[7])

for i = 8, n - 1, 2 do
    redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
end

if ARGV[n] then
    local cutoff, keep = tonumber(ARGV[n]), tonumber(ARGV[n + 1])
    local own
    local tenant = open(KEYS[6], KEYS[7], KEYS[8])
                   or blank(KEYS[6], KEYS[7], KEYS[8])

    if ARGV[n + 3] == '1' then
        own = blank(KEYS[9], KEYS[10], KEYS[11])
    end

    for i = n + 4, #ARGV do
        put(tenant, ARGV[i], cutoff, keep)

        if own then
            put(own, ARGV[i], cutoff, keep)
        else
            redis.call('HSET', KEYS[5], 'c/' .. id, ARGV[i])
        end
    end

    if own then
        own.given = ARGV[n + 2]
        write_head(own)
    end
end

if KEYS[12] then
    redis.call('RPUSH', KEYS[12], json, ARGV[6])
    redis.call('EXPIRE', KEYS[12], ARGV[5])
end

return tonumber(priority)
