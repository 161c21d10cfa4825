-- include lib/entity.lua
--
-- Changes the assignments of a configuration, which is a change of the
-- configuration.
--
-- KEYS: configurations, the configuration's assignments, streams
-- ARGV: id; If-Match and If-None-Match of what is changed; the name of the
--       type of a cast or ""; the new ETag; the new date as JSON; what is done,
--       then its arguments:
--       "replace"  pairs of id and JSON: these take the place of all
--       "add"      the largest number of assignments, id, JSON
--       "update"   id, "1" for a reply with the assignment, then edits
--       "delete"   id
--
-- Returns an array, empty or with the JSON that is asked for; 0 if there is no
-- such configuration or assignment, -1 if the condition does not hold, -4 if
-- the id exists, -5 if there are too many.

local id, match, none, cast, etag, date, what = unpack(ARGV, 1, 7)
local json, at = load(KEYS[1], id)
local reply = {}

if not json or not of_type(json, cast) then
    return 0
end

if what == 'replace' then
    if not holds(sub(json, ETAG_FROM, ETAG_TO), match, none) then
        return -1
    end

    redis.call('UNLINK', KEYS[2])

    for i = 8, #ARGV, 2 do
        redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    end

elseif what == 'add' then
    if redis.call('HEXISTS', KEYS[2], ARGV[9]) == 1 then
        return -4
    elseif redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[8]) then
        return -5
    end

    redis.call('HSET', KEYS[2], ARGV[9], ARGV[10])

else
    local one, inner = load(KEYS[2], ARGV[8])

    if not one then
        return 0
    elseif not holds(sub(one, ETAG_FROM, ETAG_TO), match, none) then
        return -1
    end

    if what == 'delete' then
        redis.call('HDEL', KEYS[2], ARGV[8])
    else
        one = save({ entities = KEYS[2] }, ARGV[8], one, inner,
                   edits_of(one, inner, ARGV, 10), etag, date, {})

        if ARGV[9] == '1' then
            reply[1] = one
        end
    end
end

save({ entities = KEYS[1], streams = KEYS[3] }, id, json, at, {}, etag, date,
     {})

return reply
