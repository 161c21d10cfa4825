-- Reads a page of configurations in the order of their ids.
--
-- KEYS: ids, configurations
-- ARGV: "-", or "(" and the id behind which the page begins; the number of
--       configurations
--
-- Returns the id behind which the next page begins or "", then the JSON of
-- each configuration.

local n = tonumber(ARGV[2])
local ids = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, n + 1)
local next = ''

if #ids == 0 then
    return { next }
end

if #ids > n then
    ids[n + 1] = nil
    next = ids[n]
end

local page = redis.call('HMGET', KEYS[2], unpack(ids))

table.insert(page, 1, next)

return page
