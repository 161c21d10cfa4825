-- Reads configurations in the order of an index, from behind a place in it:
-- the place is what was read last, so that nothing that comes or goes moves
-- what is read next.
--
-- KEYS: the index, configurations
-- ARGV: "i" for the index of ids or "p" for that of priorities; "1" for the
--       descending order, in which those of one priority are still in the
--       ascending order of their ids; the id and the priority that the page
--       begins behind, or ""; how many are passed over first; how many are
--       looked at; the number of their bytes behind which there are fewer; the
--       name of the only type that is wanted, without the namespace, or ""
--
-- Returns the id and the priority behind which there is more, or "" twice; how
-- many were looked at, without those that were passed over; then the JSON of
-- each configuration that is wanted.

local call = redis.call
local kind, down, id, score = ARGV[1], ARGV[2] == '1', ARGV[3], ARGV[4]
local skip, limit, bytes = tonumber(ARGV[5]), tonumber(ARGV[6]),
                           tonumber(ARGV[7])
local only = ARGV[8]
local index = KEYS[1]
local total = call('ZCARD', index)

-- greater(a, b): in the order of their bytes, whatever the server's locale is
local function greater(a, b)
    for i = 1, math.min(#a, #b) do
        local x, y = string.byte(a, i), string.byte(b, i)

        if x ~= y then
            return x > y
        end
    end

    return #a > #b
end

-- above(from, to): the first rank in [from, to) whose id is greater; all of
-- these have the same priority
local function above(from, to)
    while from < to do
        local middle = math.floor((from + to) / 2)

        if greater(call('ZRANGE', index, middle, middle)[1], id) then
            to = middle
        else
            from = middle + 1
        end
    end

    return from
end

-- group(score): the first rank of a priority, and the one behind its last
local function group(s)
    return call('ZCOUNT', index, '-inf', '(' .. s),
           call('ZCOUNT', index, '-inf', s)
end

-- take(n): the ids at so many places from "at" on
local at = 0
local take

if kind == 'i' and not down then
    if id ~= '' then
        at = call('ZLEXCOUNT', index, '-', '[' .. id)
    end

    take = function(n)
        return call('ZRANGE', index, at, at + n - 1)
    end

elseif kind == 'i' then
    if id ~= '' then
        at = total - call('ZLEXCOUNT', index, '-', '(' .. id)
    end

    take = function(n)
        return call('ZREVRANGE', index, at, at + n - 1)
    end

elseif not down then
    if id ~= '' then
        at = above(group(score))
    end

    take = function(n)
        return call('ZRANGE', index, at, at + n - 1)
    end

else
    -- place k is in the group of the k-th from the end

    if id ~= '' then
        local from, to = group(score)

        at = total - to + above(from, to) - from
    end

    take = function(n)
        local ids, k = {}, at

        while #ids < n and k < total do
            local s = call('ZREVRANGE', index, k, k, 'WITHSCORES')[2]
            local from, to = group(s)
            local first = from + k - (total - to)
            local some = call('ZRANGE', index, first,
                              math.min(to, first + n - #ids) - 1)

            for i = 1, #some do
                ids[#ids + 1] = some[i]
            end

            k = k + #some

            -- then all groups that are whole, but for the last one

            some = #ids < n and call('ZREVRANGE', index, k, k + n - #ids - 1,
                                     'WITHSCORES') or {}
            local begin = 1

            for i = 3, #some, 2 do
                if some[i + 1] ~= some[begin + 1] then
                    for j = i - 2, begin, -2 do
                        ids[#ids + 1] = some[j]
                        k = k + 1
                    end

                    begin = i
                end
            end
        end

        return ids
    end
end

at = at + skip

local ids = take(limit + 1)
local page, n = { '', '', 0 }, 0
local last = math.min(#ids, limit)

while n < last and bytes > 0 do
    local slice = math.min(n + 16, last)
    local found = call('HMGET', KEYS[2], unpack(ids, n + 1, slice))

    for i = 1, slice - n do
        local json = found[i]

        if json then
            bytes = bytes - #json

            -- the type follows the ETag
            if only == ''
               or string.match(json, '^"@odata.type":"#?microsoft.graph.(%w+)"',
                               41) == only
            then
                page[#page + 1] = json
            end
        end
    end

    n = slice
end

page[3] = n

if n < #ids then
    page[1] = ids[n]
    page[2] = kind == 'p' and call('ZSCORE', index, ids[n]) or ''
end

return page
