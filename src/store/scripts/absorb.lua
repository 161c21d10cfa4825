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
local arg, tenant = 3 + 2 * targets, nil

-- gather(b, from, behind): those whose arguments these are are in a batch, too
local function gather(b, from, behind)
    for i = from, behind - 1, 4 do
        add(b, cutoff, ARGV[i], byte(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3])
    end

    return b
end

-- enter(own, from, behind): takes these, with those that wait in journals.
-- Returns what is to be noted, or "".
local function enter(own, from, behind)
    tenant = tenant or found(1) or blank(1)

    if tenant.given ~= '' or own.given ~= '' then
        return entries_of(gather(batch(), from, behind))
    end

    local tb, more = waiting(tenant, MOST)
    local cb, own_more = waiting(own, MOST)

    if more or own_more then
        together(tenant, own, tb, cb, keep, MOST)
        return entries_of(gather(batch(), from, behind))
    end

    if tb.n + cb.n == 0 then
        cb = tb
    else
        gather(cb, from, behind)
    end

    together(tenant, own, gather(tb, from, behind), cb, keep,
             PULL)
    age(tenant, cutoff)
    age(own, cutoff)

    return ''
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
            entries = enter(found(k), from, arg)
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
