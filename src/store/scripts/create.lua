-- include lib/journal.lua
-- include lib/note.lua
--
-- Adds a configuration.
--
-- KEYS: configurations (hash), ids (sorted set), priorities (sorted set), the
--       configuration's assignments (hash), streams (hash), the tenant's scope
--       of check-ins and the configuration's (hash, newest, queue, journal,
--       records), and for a request that can be repeated: what it was answered with
--       (list)
-- ARGV: id, priority or "", the JSON, or without a priority the JSON before
--       and behind its number, how many seconds the answer is kept, the JSON
--       of all assignments or "", how many of them there are, then pairs of
--       assignment id and JSON; the cutoff in milliseconds, how many of the
--       newest check-ins are kept, the cutoff as six bytes, the summary of check-ins that are not in
--       the JSON or "", "1" if they are not, and the records of check-ins
--
-- Returns the priority; nil if the id exists; a status if no priority is left;
-- an array of the JSON and that of all assignments if this is a repetition.

local id, priority, json = ARGV[1], ARGV[2], ARGV[3]

if KEYS[16] then
    local first = redis.call('LRANGE', KEYS[16], 0, -1)

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
    local own, due

    if ARGV[n + 4] == '1' then
        own = blank(11)
        call('SET', own.journal, OWN)
    end

    for i = n + 5, #ARGV do
        due = note(KEYS[9], entry_of(ARGV[n + 2], sub(ARGV[i], 1, KEY),
                                     byte(ARGV[i], KEY + 1),
                                     sub(ARGV[i], KEY + 2))) or due

        if own then
            put(own, ARGV[i], cutoff, keep)
        else
            redis.call('HSET', KEYS[5], 'c/' .. id, ARGV[i])
        end
    end

    if own then
        own.given = ARGV[n + 3]
        write_head(own)
        flush()
    end

    -- the tenant's journal stays short

    if due then
        open(6, keep)
    end
end

if KEYS[16] then
    redis.call('RPUSH', KEYS[16], json, ARGV[6])
    redis.call('EXPIRE', KEYS[16], ARGV[5])
end

return tonumber(priority)
