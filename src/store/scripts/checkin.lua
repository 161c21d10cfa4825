-- Takes check-ins: for configurations, and all of them for the tenant.
--
-- KEYS: configurations, streams; the scope of the tenant and of each
--       configuration: hash, newest, queue, journal, records
-- ARGV: the cutoff in milliseconds; how many of the newest are kept; what
--       journals get, if it is one check-in, or ""; "1" or the name of the type of a cast if the
--       configurations must exist, otherwise those that do not are passed
--       over; the number of configurations and their ids; then for each
--       check-in its record, and the numbers of its configurations, two bytes
--       each
--
-- Returns 1; 3 if it is time to take what is in the journals; 0 if a
-- configuration does not exist, or is of another type; 2 if there was more to take from journals, or
-- to expire, than is done at once: nothing else was done then.

-- include lib/note.lua

local ids, cast = tonumber(ARGV[5]), #ARGV[4] > 1 and ARGV[4]

-- one check-in for all, each of which has a scope or does not exist, is noted

if not cast and ARGV[3] ~= '' and #ARGV[ids + 7] == 2 * ids then
    local journals, easy = { KEYS[6] }, true

    for i = 1, ids do
        local journal = KEYS[5 * i + 6]

        if redis.call('EXISTS', journal) == 1 then
            journals[#journals + 1] = journal
        elseif ARGV[4] == '1'
               or redis.call('HEXISTS', KEYS[1], ARGV[i + 5]) == 1
        then
            easy = false
            break
        end
    end

    if easy then
        local due = false

        for _, journal in ipairs(journals) do
            due = note(journal, ARGV[3]) or due
        end

        return due and 3 or 1
    end
end

-- include lib/entity.lua
-- include lib/journal.lua

local cutoff, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
local scopes, known = {}, {}

for i = 1, cast and ids or 0 do
    local json = redis.call('HGET', KEYS[1], ARGV[i + 5])

    if not json or not of_type(json, cast) then
        return 0
    end
end

for i = 0, ids do
    local k = 5 * i + 3
    local hash, s, late = KEYS[k], nil, nil

    s = known[hash]

    if s == nil then
        s, late = open(k, keep)
    end

    if s == nil and i == 0 then
        s = blank(k)
    end

    if s == nil and not late then
        local json = redis.call('HGET', KEYS[1], ARGV[i + 5])

        if json then
            s = blank(k)
            adopt(s, KEYS[1], KEYS[2], ARGV[i + 5], json, cutoff, keep)
        elseif ARGV[4] ~= '' then
            return 0
        end
    end

    -- a summary that was given must be right before it begins to move

    if late
       or s and s.due < cutoff
          and not expire(s, cutoff, s.given == '' and 4 or 50)
          and s.given ~= ''
    then
        return 2
    end

    scopes[i], known[hash] = s, s or false
end

for i = ids + 6, #ARGV, 2 do
    local record, targets = ARGV[i], ARGV[i + 1]

    put(scopes[0], record, cutoff, keep)

    for j = 1, #targets, 2 do
        local a, b = string.byte(targets, j, j + 1)
        local s = scopes[a * 256 + b]

        if s then
            put(s, record, cutoff, keep)
        end
    end
end

flush()

return 1
