-- include lib/entity.lua
--
-- Reads the assignments of several configurations.
--
-- KEYS: the assignments of each
-- ARGV: the number of bytes behind which no more are read
--
-- Returns for each configuration an array of their JSON, in the order of their
-- ids; fewer arrays if the bytes are used up.

local reply, bytes = {}, tonumber(ARGV[1])

for i = 1, #KEYS do
    if bytes <= 0 then
        break
    end

    local values = sorted_values(KEYS[i])

    for j = 1, #values do
        bytes = bytes - #values[j]
    end

    reply[i] = values
end

return reply
