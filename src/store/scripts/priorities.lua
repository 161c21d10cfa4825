-- include lib/entity.lua
--
-- Gives configurations new priorities: all of them or none.
--
-- KEYS: configurations, priorities, streams
-- ARGV: the new ETag, the new date as JSON, the name of the type of a cast or
--       "", then pairs of id and priority
--
-- Returns 0, or 2 + the index of the first pair that names no configuration of
-- the type.

for i = 4, #ARGV, 2 do
    local json = redis.call('HGET', KEYS[1], ARGV[i])

    if not json or not of_type(json, ARGV[3]) then
        return i / 2
    end
end

for i = 4, #ARGV, 2 do
    local id, priority = ARGV[i], ARGV[i + 1]
    local json, at = load(KEYS[1], id)
    local place = at['priority']

    save({ entities = KEYS[1], streams = KEYS[3] }, id, json, at,
         { { place[1], place[2], priority } }, ARGV[1], ARGV[2], {})
    redis.call('ZADD', KEYS[2], priority, id)
end

return 0
