-- include lib/entity.lua
--
-- Reads the assignments of a configuration.
--
-- KEYS: configurations, the configuration's assignments
-- ARGV: id; "" for all, "#" for their number, or "=" and the id of one; the
--       name of the type of a cast or ""
--
-- Returns an array of their JSON, or the number; nil if there is no such
-- configuration or assignment.

local id, which, cast = unpack(ARGV)

if cast == '' and redis.call('HEXISTS', KEYS[1], id) == 0 then
    return false
elseif cast ~= '' then
    local json = redis.call('HGET', KEYS[1], id)

    if not json or not of_type(json, cast) then
        return false
    end
end

if which == '' then
    return sorted_values(KEYS[2])
elseif which == '#' then
    return redis.call('HLEN', KEYS[2])
end

local json = redis.call('HGET', KEYS[2], sub(which, 2))

return json and { json }
