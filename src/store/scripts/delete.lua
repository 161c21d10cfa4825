-- Removes a configuration and all that it contains.
--
-- KEYS: configurations, ids, priorities, the configuration's assignments
-- ARGV: id, then, if the request is conditional, the position of the ETag in
--       the JSON, "*" or "", and each ETag that is accepted
--
-- Returns 1 if it was removed, 0 if it does not exist, -1 if the condition
-- does not hold.

local id = ARGV[1]

if ARGV[2] then
    local json = redis.call('HGET', KEYS[1], id)

    if not json then
        return 0
    end

    local from = tonumber(ARGV[2])
    local etag = string.sub(json, from + 1, from + 16)
    local holds = ARGV[3] == '*'

    for i = 4, #ARGV do
        holds = holds or ARGV[i] == etag
    end

    if not holds then
        return -1
    end
end

if redis.call('HDEL', KEYS[1], id) == 0 then
    return 0
end

redis.call('ZREM', KEYS[2], id)
redis.call('ZREM', KEYS[3], id)
redis.call('UNLINK', KEYS[4])

return 1
