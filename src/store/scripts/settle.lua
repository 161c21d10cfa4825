-- include lib/checkin.lua
-- include lib/note.lua
--
-- Takes check-ins from journals that have come to be long.
--
-- KEYS: the scope of the tenant, and of a configuration or none
-- ARGV: how many of the newest check-ins are kept
--
-- Returns 1; 2 if there is more than is done at once.

for i = 1, #KEYS, 4 do
    if call('STRLEN', KEYS[i + 3]) >= DUE * 3 / 4 then
        budget = BUDGET

        local _, late = open(i, tonumber(ARGV[1]))

        if late then
            return 2
        end
    end
end

return 1
