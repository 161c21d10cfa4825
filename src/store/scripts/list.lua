-- Reads a page of configurations in the order of their ids.
--
-- KEYS: ids, configurations
-- ARGV: "-", or "(" and the id behind which the page begins; the number of
--       configurations; the number of bytes behind which the page ends early
--
-- Returns the id behind which the next page begins or "", then the JSON of
-- each configuration.

local limit, bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local ids = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+',
                       'LIMIT', 0, limit + 1)
local page, n = { '' }, 0
local last = math.min(#ids, limit)

while n < last and bytes > 0 do
    local slice = math.min(n + 16, last)
    local found = redis.call('HMGET', KEYS[2], unpack(ids, n + 1, slice))

    for i = 1, slice - n do
        local json = found[i]

        if json then
            page[#page + 1] = json
            bytes = bytes - #json
        end
    end

    n = slice
end

if n < #ids then
    page[1] = ids[n]
end

return page
