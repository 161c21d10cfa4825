-- Reads a page of configurations in the order of their ids.
--
-- KEYS: ids, configurations
-- ARGV: "-", or "(" and the id behind which the page begins; the number of
--       configurations; the number of bytes behind which the page ends early;
--       the name of the only type that is wanted, without the namespace, or ""
--
-- Returns the id behind which the next page begins or "", then the JSON of
-- each configuration. Of one type there may be fewer than asked for: no more
-- than a thousand others are passed over.

local limit, bytes, kind = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local scan = kind == '' and limit or limit + 1000
local ids = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+',
                       'LIMIT', 0, scan + 1)
local page, n = { '' }, 0
local last = math.min(#ids, scan)

while n < last and bytes > 0 and #page <= limit do
    local slice = math.min(n + 16, last)
    local found = redis.call('HMGET', KEYS[2], unpack(ids, n + 1, slice))

    for i = 1, slice - n do
        local json = found[i]

        -- the type follows the ETag
        if json and kind ~= ''
           and string.match(json, '^"@odata.type":"#?microsoft.graph.(%w+)"',
                            41) ~= kind
        then
            json = nil
        end

        if json then
            page[#page + 1] = json
            bytes = bytes - #json

            if #page > limit then
                slice = n + i
                break
            end
        end
    end

    n = slice
end

if n < #ids then
    page[1] = ids[n]
end

return page
