-- so many bytes are enough of a journal: each time it has grown by them is a
-- time to take what is there
local DUE = 16384

-- note(journal, entries): adds check-ins to a journal, see lib/checkin.lua;
-- returns whether it is time to take what is there
local function note(journal, entries)
    return redis.call('APPEND', journal, entries) % DUE < #entries
end
