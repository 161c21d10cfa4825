-- include lib/entity.lua
-- include lib/journal.lua
--
-- Reads the summary of a configuration's check-ins, or the tenant's.
--
-- KEYS: the hash that the entity is in; its scope's keys: hash, newest, queue,
--       journal, records
-- ARGV: id; the name of the summary; that of a member of it or ""; the cutoff
--       in milliseconds; how many of the newest are kept; the JSON of an
--       entity that is not there yet or ""; the name of the type of a cast or ""
--
-- Returns the ETag or, where the value changes without it, "", the JSON of the
-- value, and ""; nil if there is no entity; 2 if there was more to take from
-- the journal, or to expire, than is done at once.

local id, name, member, cutoff, keep, initial, cast = unpack(ARGV)
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

local s, late = open(2, tonumber(keep))
local etag, value = '', nil

if s then
    if late or not aged(s, tonumber(cutoff)) then
        return 2
    end

    value = summary(s)
else
    local place = members(json, 1)[name]

    etag, value = sub(json, ETAG_FROM, ETAG_TO), sub(json, place[1], place[2])
end

if member ~= '' then
    local place = byte(value, 1) == 123 and members(value, 1)[member]

    value = place and sub(value, place[1], place[2]) or 'null'
end

return { etag, value, '' }
