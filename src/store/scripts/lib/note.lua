-- note(journal, mark, value): adds a check-in to a journal; returns whether it
-- is time to take what is there, which is so for every 64th
local function note(journal, mark, value)
    return redis.call('RPUSH', journal, mark, value) % 128 < 2
end
