-- include lib/journal.lua
-- include lib/note.lua
-- include lib/sweep.lua
--
-- Takes check-ins from journals that have come to be long, and removes some
-- that are old.
--
-- KEYS: the scope of the tenant, and of configurations: hash, newest, queue,
--       journal, records
-- ARGV: how many of the newest check-ins are kept; the cutoff in milliseconds
--
-- Returns 1; 2 if there is more than is done at once.

local keep, cutoff = tonumber(ARGV[1]), tonumber(ARGV[2])

records = KEYS[5]

-- whether a journal is long
local function long(i)
    return call('STRLEN', KEYS[i + 3]) >= DUE * 3 / 4
end

-- most of what the tenant's has is of one configuration, as a rule

if #KEYS == 10 and long(1) then
    local t, c = found(1), found(6)

    if c and t.given == '' and c.given == '' then
        together(t, c, (waiting(t, MOST)), (waiting(c, MOST)), keep, PULL)

        if long(1) or long(6) then
            return 2
        end

        age(t, cutoff)
        age(c, cutoff)
        sweep()

        return 1
    end
end

for i = 1, #KEYS, 5 do
    if long(i) then
        local s, late = open(i, keep)

        if late then
            return 2
        elseif s then
            age(s, cutoff)
        end
    end
end

sweep()

return 1
