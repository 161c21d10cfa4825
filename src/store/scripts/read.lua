-- include lib/entity.lua
--
-- Reads a property of a configuration or of the singleton, or a configuration
-- with its assignments.
--
-- KEYS: the hash it is in, streams, its assignments
-- ARGV: id; "+", or the name of a property; the name of a member of that or
--       ""; the JSON of an entity that is not there yet or ""; the name of the
--       type of a cast or ""
--
-- Returns the ETag, the JSON of the value, and of a stream what is known of
-- it; or with "+" the JSON of the configuration and of each assignment. Nil if
-- there is no entity.

local id, name, member, initial, cast = unpack(ARGV)
local json = redis.call('HGET', KEYS[1], id)

if not json then
    if initial == '' then
        return false
    end

    json = initial
end

if not of_type(json, cast) then
    return false
end

if name == '+' then
    return { json, unpack(sorted_values(KEYS[3])) }
end

local at = members(json, 1)
local place = at[name]
local value = sub(json, place[1], place[2])

if member ~= '' then
    place = byte(value, 1) == 123 and members(value, 1)[member]
    value = place and sub(value, place[1], place[2]) or 'null'
end

local stream = ''

if name == 'policyPayload' or name == 'userPreferencePayload' then
    stream = redis.call('HGET', KEYS[2], sub(name, 1, 1) .. '/' .. id) or ''
end

return { sub(json, ETAG_FROM, ETAG_TO), value, stream }
