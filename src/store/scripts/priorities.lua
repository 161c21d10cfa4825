-- include lib/entity.lua
--
-- Gives configurations new priorities: all of them or none.
--
-- KEYS: configurations, priorities, streams
-- ARGV: the new ETag, the new date as JSON, then pairs of id and priority
--
-- Returns 0, or 2 + the index of the first pair that names no configuration.

for i = 3, #ARGV, 2 do
    if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then
        return (i + 1) / 2
    end
end

for i = 3, #ARGV, 2 do
    local id, priority = ARGV[i], ARGV[i + 1]
    local json, at = load(KEYS[1], id)
    local place = at['priority']

    save({ entities = KEYS[1], streams = KEYS[3] }, id, json, at,
         { { place[1], place[2], priority } }, ARGV[1], ARGV[2], {})
    redis.call('ZADD', KEYS[2], priority, id)
end

return 0
