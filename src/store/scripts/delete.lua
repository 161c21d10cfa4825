-- include lib/entity.lua
-- include lib/checkin.lua
--
-- Removes a configuration and all that it contains.
--
-- KEYS: configurations, ids, priorities, the configuration's assignments,
--       streams, its scope of check-ins (hash, newest, queue, journal,
--       records)
-- ARGV: id, If-Match, If-None-Match, the name of the type of a cast or ""
--
-- Returns 1 if it was removed, 3 if records of its check-ins are left, 0 if it
-- does not exist, -1 if the condition does not hold.

local id, match, none, cast = unpack(ARGV)

if match ~= '' or none ~= '' or cast ~= '' then
    local json = redis.call('HGET', KEYS[1], id)

    if not json or not of_type(json, cast) then
        return 0
    elseif not holds(sub(json, ETAG_FROM, ETAG_TO), match, none) then
        return -1
    end
end

if redis.call('HDEL', KEYS[1], id) == 0 then
    return 0
end

redis.call('ZREM', KEYS[2], id)
redis.call('ZREM', KEYS[3], id)
redis.call('UNLINK', KEYS[4], KEYS[9])
redis.call('HDEL', KEYS[5], 'p/' .. id, 'u/' .. id, 'c/' .. id)

local s = stored(6)

if s and clear(s) then
    return 3
end

return 1
