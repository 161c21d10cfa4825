-- include lib/note.lua
--
-- Takes check-ins for configurations that have a scope, and for the tenant:
-- they are noted in their journals.
--
-- KEYS: the journal of the tenant, and those of the configurations
-- ARGV: for each configuration what its journal gets
--
-- Returns for each configuration 1; 3 if it is time to take what is in the
-- journals; 0 if there is no such scope: nothing was done for it then.

local reply, taken, last = {}, {}, nil

for i = 1, #ARGV do
    local journal, entries = KEYS[i + 1], ARGV[i]

    if redis.call('EXISTS', journal) == 0 then
        reply[i] = 0
    else
        reply[i] = note(journal, entries) and 3 or 1
        taken[#taken + 1] = entries
        last = i
    end
end

if last and note(KEYS[1], taken[2] and table.concat(taken) or taken[1]) then
    reply[last] = 3
end

return reply
