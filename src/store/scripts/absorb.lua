-- include lib/checkin.lua
-- include lib/note.lua
--
-- Takes so many check-ins for configurations that have a scope, and for the
-- tenant, that noting them would not spare anything.
--
-- KEYS: the scope of the tenant and of each configuration as its hash, its
--       newest, its queue and its journal
-- ARGV: how many of the newest are kept; the cutoff in milliseconds; for each
--       configuration how many check-ins are for it, and what its journal
--       gets or, if they are taken at once, ""; then of all these check-ins
--       the key, the microseconds as in a journal, and the check-in
--
-- Returns for each configuration 1; 3 if it is time to take what is in the
-- journals; 0 if there is no such scope: nothing was done for it then.

local keep, cutoff = tonumber(ARGV[1]), tonumber(ARGV[2])
local targets = #KEYS / 4 - 1
local reply, all, single, last = {}, batch(), targets == 1, nil
local arg = 3 + 2 * targets

-- gather(b, first, behind): those whose arguments these are
local function gather(b, first, behind)
    for i = first, behind - 1, 3 do
        local value = ARGV[i + 2]
        local kind, usec = unpacked(SAID, value)

        add(b, cutoff, ARGV[i], kind, usec, ARGV[i + 1], value)
    end
end

-- enter(i, b): for the scope whose keys begin with KEYS[i]; returns whether
-- they wait in its journal, and it is time to take what is there
local function enter(i, b)
    local s, late = open(i, keep)

    if not late and (not s or s.given == '') then
        take(s or blank(i), b, keep)
        return false
    end

    local entries, bytes = {}, struct.pack('>I6', cutoff)

    for j = 1, b.n do
        entries[j] = entry_of(b.keys[j] .. b.values[j], bytes)
    end

    return note(KEYS[i + 3], table.concat(entries))
end

for i = 1, targets do
    local first, k = arg, 4 * i + 1
    local entries, due = ARGV[2 * i + 2], false

    arg = arg + 3 * tonumber(ARGV[2 * i + 1])

    if call('EXISTS', KEYS[k + 3]) == 0 then
        reply[i] = 0
    else
        if not last then

            -- a Redis without memory says so before anything has been done

            call('APPEND', KEYS[k + 3], '')
        end

        gather(all, first, arg)

        if entries ~= '' then
            due = note(KEYS[k + 3], entries)
        elseif single then
            due = enter(k, all)
        else
            local b = batch()

            gather(b, first, arg)
            due = enter(k, b)
        end

        reply[i] = due and 3 or 1
        last = i
    end
end

if last and enter(1, all) then
    reply[last] = 3
end

return reply
