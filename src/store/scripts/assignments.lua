-- include lib/entity.lua
--
-- Reads the assignments of a configuration.
--
-- KEYS: configurations, the configuration's assignments
-- ARGV: id; "" for all, "#" for their number, or "=" and the id of one
--
-- Returns an array of their JSON, or the number; nil if there is no such
-- configuration or assignment.

local id, which = ARGV[1], ARGV[2]

if redis.call('HEXISTS', KEYS[1], id) == 0 then
    return false
end

if which == '' then
    return sorted_values(KEYS[2])
elseif which == '#' then
    return redis.call('HLEN', KEYS[2])
end

local json = redis.call('HGET', KEYS[2], sub(which, 2))

return json and { json }
