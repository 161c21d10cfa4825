-- include lib/journal.lua
-- include lib/note.lua
--
-- Takes so many check-ins for configurations that have a scope, and for the
-- tenant, that noting them would not spare anything. Those that are more work
-- than should be done at once are noted nevertheless.
--
-- KEYS: the scope of the tenant and of each configuration: hash, newest, queue,
--       journal, records
-- ARGV: how many of the newest are kept; the cutoff in milliseconds; for each
--       configuration how many check-ins are for it, and what its journal
--       gets or, if they are taken at once, ""; then of all these check-ins
--       the key, the flags, and as in a journal the microseconds and the rest
--
-- Returns for each configuration 1; 3 if it is time to take what is in the
-- journals; 0 if there is no such scope: nothing was done for it then.

local keep, cutoff = tonumber(ARGV[1]), tonumber(ARGV[2])
local targets = #KEYS / 5 - 1
local reply, noted, last = {}, {}, nil
local arg, tenant, late = 3 + 2 * targets, nil, nil

-- gather(first, behind): those whose arguments these are
local function gather(first, behind)
    local b = batch()

    for i = first, behind - 1, 4 do
        add(b, cutoff, ARGV[i], byte(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3])
    end

    return b
end

-- entries_of(b): what a journal gets of these
local function entries_of(b)
    local entries, bytes = {}, pack('>I6', cutoff)

    for i = 1, b.n do
        entries[i] = entry_of(bytes, b.keys[i], b.kinds[i], b.rests[i])
    end

    return table.concat(entries)
end

for i = 1, targets do
    local from, k = arg, 5 * i + 1
    local entries, due = ARGV[2 * i + 2], false

    arg = arg + 4 * tonumber(ARGV[2 * i + 1])

    if call('EXISTS', KEYS[k + 3]) == 0 then
        reply[i] = 0
    else
        if not last then

            -- a Redis without memory says so before anything has been done

            call('APPEND', KEYS[k + 3], '')
        end

        last = i

        if entries == '' then
            local b = gather(from, arg)
            local own, own_late = open(k, keep)

            if not tenant then
                tenant, late = open(1, keep)
                tenant = tenant or blank(1)
            end

            if late or own_late or tenant.given ~= '' or own.given ~= '' then
                entries = entries_of(b)
            else
                entries = entries_of(both(tenant, own, b, b, keep, PULL))
            end
        end

        if entries ~= '' then
            due = note(KEYS[k + 3], entries)
            noted[#noted + 1] = entries
        end

        reply[i] = due and 3 or 1
    end
end

if noted[1] and note(KEYS[4], table.concat(noted)) then
    reply[last] = 3
end

return reply
