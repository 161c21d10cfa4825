-- include lib/entity.lua
-- include lib/journal.lua
--
-- Changes a configuration, or the singleton.
--
-- KEYS: the hash it is in, priorities, streams, the configuration's
--       assignments; the tenant's scope of check-ins (hash, newest, queue,
--       journal, records), and the configuration's
-- ARGV: id; If-Match and If-None-Match as holds() takes them; the name of the
--       type it must have or ""; that of a cast or ""; the new ETag; the new
--       date as JSON; the new priority, "next" or ""; if the one edit is that
--       of a stream at its own URL, its media type or "-", else ""; what is
--       returned: "" nothing, "*" the entity, "+" the entity and its
--       assignments, or the name of a property; the JSON of an entity that is
--       not there yet or ""; the cutoff in milliseconds; how many of the
--       newest check-ins are kept; "1" if a summary is given; the number of
--       records of check-ins, these records, then the edits
--
-- Returns what is asked for, as an array; 0 if there is no entity, -1 if the
-- condition does not hold, -2 if the type is another, -3 if no priority is
-- left; 2 if there was more to take from journals, or to expire, than is done
-- at once: nothing else was done then.

local id, match, none, kind, cast, etag, date, priority, media, want,
      initial, cutoff, keep, given, count = unpack(ARGV, 1, 15)
local singleton, first = initial ~= '', 16 + count
local json = redis.call('HGET', KEYS[1], id)

if not json then
    if initial == '' then
        return 0
    end

    json = initial
end

if not of_type(json, cast) then
    return 0
end

local at = members(json, 1)
local current = sub(json, ETAG_FROM, ETAG_TO)

if media ~= '' then
    current = sub(redis.call('HGET', KEYS[3],
                             sub(ARGV[first], 1, 1) .. '/' .. id)
                  or current, 1, 16)
end

if not holds(current, match, none) then
    return -1
end

local stored = type_name(json, at)

if kind ~= '' and kind ~= (stored == '' and BASE_TYPE or stored) then
    return -2
end

local append = priority == 'next'

if append then
    local last = redis.call('ZREVRANGE', KEYS[2], 0, 1, 'WITHSCORES')
    local n = (tonumber(last[last[1] == id and 4 or 2]) or 0) + 1

    if n > 2147483647 then
        return -3
    end

    priority = string.format('%d', n)
end

-- check-ins, and the summary of them, are in a scope of their own as soon as
-- there is more than the client has said

local SUMMARY, STATUSES = 'userCheckinSummary', 'checkinStatuses'
local tenant, own, moves, late, own_late

if singleton then
    SUMMARY, STATUSES = 'tenantUserCheckinSummary', 'tenantCheckinStatuses'
end

for i = first, #ARGV do
    moves = moves or ARGV[i] == SUMMARY or ARGV[i] == STATUSES
end

if moves then
    cutoff, keep = tonumber(cutoff), tonumber(keep)
    tenant, late = open(5, keep)
    tenant = tenant or blank(5)
    own = tenant

    if not singleton then

        -- the tenant's may have left little, every time

        budget = math.max(budget, 40)
        own, own_late = open(10, keep)
    end

    if late or own_late
       or own and not aged(own, cutoff)
       or tenant.given ~= '' and not aged(tenant, cutoff)
    then
        return 2
    end

    if own then
        json = splice(json, { { at[SUMMARY][1], at[SUMMARY][2], summary(own) },
                              { at[STATUSES][1], at[STATUSES][2], '0' } })
        at = members(json, 1)
    end
end

local edits, changed = edits_of(json, at, ARGV, first)

if moves then
    local old = json

    json = splice(json, edits)
    at, edits = members(json, 1), {}

    if given == '1' and sub(json, at[SUMMARY][1], at[SUMMARY][2]) == ZERO then
        json = splice(json, { { at[SUMMARY][1], at[SUMMARY][2], ZERO_GIVEN } })
        at = members(json, 1)
    end

    -- a client that replaces all, or gives what was there before, says all
    -- that there is to know

    local whole = changed[SUMMARY] and changed[STATUSES]

    if changed[STATUSES] and not own
       and not (whole and count == '0')
       and not (count == '0'
                and find(old, ',"checkinStatuses":[]', 1, true))
    then
        own = blank(10)
        adopt(own, KEYS[1], KEYS[3], id, old, cutoff, keep)
    end

    if own and changed[STATUSES] then
        clear(own)

        for i = 16, first - 1 do
            put(own, ARGV[i], cutoff, keep, true)
        end
    end

    if not singleton then
        for i = 16, first - 1 do
            put(tenant, ARGV[i], cutoff, keep)
        end
    end

    if own and changed[SUMMARY] then
        own.given = given == '1' and sub(json, at[SUMMARY][1], at[SUMMARY][2])
                    or ''
        own.more_ok, own.more_failed = 0, 0
    end

    if own and whole and count == '0' and not singleton then

        -- nothing is left that moves

        redis.call('UNLINK', KEYS[10], KEYS[11], KEYS[12], KEYS[13])
    elseif own then
        write_head(own)

        if singleton then
            edits = { { at[STATUSES][1], at[STATUSES][2], '[]' } }
        else
            edits = { { at[SUMMARY][1], at[SUMMARY][2], '0' },
                      { at[STATUSES][1], at[STATUSES][2], '0' } }
        end
    end

    flush()

    if changed[STATUSES] and not singleton then
        redis.call('HDEL', KEYS[3], 'c/' .. id)
    end
end

if append then
    edits[#edits + 1] = { at['priority'][1], at['priority'][2], priority }
end

for name in pairs(changed) do
    changed[name] = media == '-' and '' or media
end

json = save({ entities = KEYS[1], streams = not singleton and KEYS[3] }, id,
            json, at, edits, etag, date, changed)

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

if own and want == SUMMARY then
    return { summary(own) }
end

local place = members(json, 1)[want]

return { sub(json, place[1], place[2]) }
