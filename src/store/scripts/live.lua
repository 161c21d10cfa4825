-- include lib/journal.lua
--
-- Reads what is in the entities of scopes: the summary and the newest
-- check-ins.
--
-- KEYS: for each scope its hash, newest, queue, journal and records
-- ARGV: the cutoff in milliseconds; how many check-ins are wanted of each
--       scope; the number of bytes behind which there are fewer
--
-- Returns for each scope an array of the number of its check-ins, the summary
-- as JSON, and the records; or 0 if there is no such scope. Returns 2 instead
-- if there was more to take from journals, or to expire, than is done at once.

local cutoff, limit, most = tonumber(ARGV[1]), tonumber(ARGV[2]),
                            tonumber(ARGV[3])
local reply = {}

for i = 1, #KEYS, 5 do
    local s, late = open(i, limit)

    if late or s and not aged(s, cutoff) then
        return 2
    end

    local found, bytes = 0, most

    if s then
        found = { s.n, summary(s) }

        for _, key in ipairs(redis.call('ZREVRANGE', s.recent, 0, limit - 1))
        do
            local value = bytes > 0 and get(s, key)

            if value then
                found[#found + 1] = key .. value
                bytes = bytes - #value
            end
        end
    end

    reply[#reply + 1] = found
end

return reply
