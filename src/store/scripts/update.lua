-- with lib/entity.lua
--
-- Changes a configuration, or the singleton.
--
-- KEYS: the hash it is in; and for a configuration: priorities, streams, its
--       assignments
-- ARGV: id; If-Match and If-None-Match as holds() takes them; the name of the
--       type it must have or ""; that of a cast or ""; the new ETag; the new date as JSON; the new
--       priority, "next" or ""; if the one edit is that of a stream at its own
--       URL, its media type or "-", else ""; what is returned: "" nothing,
--       "*" the entity, "+" the entity and its assignments, or the name of a
--       property; the JSON of an entity that is not there yet or ""; then the
--       edits
--
-- Returns what is asked for, as an array; 0 if there is no entity, -1 if the
-- condition does not hold, -2 if the type is another, -3 if no priority is
-- left.

local id, match, none, kind, cast, etag, date, priority, media, want,
      initial = unpack(ARGV, 1, 11)
local json = redis.call('HGET', KEYS[1], id)

if not json then
    if initial == '' then
        return 0
    end

    json = initial
end

local at = members(json, 1)

if cast ~= '' and cast ~= type_name(json, at) then
    return 0
end

local current = sub(json, ETAG_FROM, ETAG_TO)

if media ~= '' then
    current = sub(redis.call('HGET', KEYS[3], sub(ARGV[12], 1, 1) .. '/' .. id)
                  or current, 1, 16)
end

if not holds(current, match, none) then
    return -1
end

local stored = type_name(json, at)

if kind ~= '' and kind ~= (stored == '' and BASE_TYPE or stored) then
    return -2
end

local edits, changed = edits_of(json, at, ARGV, 12)

if priority == 'next' then
    local last = redis.call('ZREVRANGE', KEYS[2], 0, 1, 'WITHSCORES')
    local n = (tonumber(last[last[1] == id and 4 or 2]) or 0) + 1

    if n > 2147483647 then
        return -3
    end

    priority = string.format('%d', n)
    edits[#edits + 1] = { at['priority'][1], at['priority'][2], priority }
end

for name in pairs(changed) do
    changed[name] = media == '-' and '' or media
end

json = save({ entities = KEYS[1], streams = KEYS[3] }, id, json, at, edits,
            etag, date, changed)

if priority ~= '' then
    redis.call('ZADD', KEYS[2], priority, id)
end

if want == '' then
    return {}
elseif want == '*' then
    return { json }
elseif want == '+' then
    return { json, unpack(sorted_values(KEYS[4])) }
end

local place = members(json, 1)[want]

return { sub(json, place[1], place[2]) }
