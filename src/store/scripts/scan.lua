-- Finds configurations in the order of an index, from behind a place in it:
-- the place is what was found last, so that nothing that comes or goes moves
-- what is found next. Their JSON is not read here: what a script has in its
-- hands costs it a hundred times what a command takes for it.
--
-- KEYS: the index, configurations
-- ARGV: "i" for the index of ids or "p" for that of priorities; "1" for the
--       descending order, in which those of one priority are still in the
--       ascending order of their ids; the id and the priority that the page
--       begins behind, or ""; how many are passed over first; how many are
--       wanted; the number of bytes of their JSON behind which there are fewer
--
-- Returns the id and the priority behind which there is more, or "" twice; the
-- ids; and of the index of priorities the priority of each.

local call = redis.call
local kind, down, id, score = ARGV[1], ARGV[2] == '1', ARGV[3], ARGV[4]
local skip, limit, bytes = tonumber(ARGV[5]), tonumber(ARGV[6]),
                           tonumber(ARGV[7])
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
local n, last = 0, math.min(#ids, limit)

while n < last and bytes > 0 do
    n = n + 1
    bytes = bytes - call('HSTRLEN', KEYS[2], ids[n])
end

local place = { '', '' }

if n < #ids then
    place = { ids[n], kind == 'p' and call('ZSCORE', index, ids[n]) or '' }
end

for i = #ids, n + 1, -1 do
    ids[i] = nil
end

return { place[1], place[2], ids,
         kind == 'p' and n > 0 and call('ZMSCORE', index, unpack(ids)) or {} }
