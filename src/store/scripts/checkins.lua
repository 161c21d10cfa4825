-- include lib/entity.lua
-- include lib/journal.lua
--
-- Reads a page of a collection of check-ins, in an order that does not change
-- with them: that of the first four bytes of the key, read from the last bit
-- to the first. Each bucket has one interval of these numbers.
--
-- KEYS: the hash that the entity is in; its scope's keys: hash, newest, queue,
--       journal, records
-- ARGV: id; "1" for the singleton; the cutoff in milliseconds; how many of the
--       newest are kept; the number that the page begins with; how many
--       check-ins are wanted; the number of bytes behind which there are
--       fewer; the name of the type of a cast or ""
--
-- Returns an array of the number of check-ins, the number that the next bucket
-- begins with or -1, and records; without a scope the JSON of the
-- entity, or nil if there is none; 2 if there was more to take from the
-- journal, or to expire, than is done at once.

local cutoff, keep, from = tonumber(ARGV[3]), tonumber(ARGV[4]),
                           tonumber(ARGV[5])
local limit, most = tonumber(ARGV[6]), tonumber(ARGV[7])
local s, late = open(2, keep)

if not s or ARGV[8] ~= '' then
    local json = redis.call('HGET', KEYS[1], ARGV[1])

    if json and not of_type(json, ARGV[8]) then
        return false
    elseif not s then
        return json or ARGV[2] == '1' and ''
    end
end

-- the page is read by a script that has not done much else

if late or not aged(s, cutoff) or budget < 24 then
    return 2
end

-- mirror(n): n with its 32 bits in the opposite order
local function mirror(n)
    local m = 0

    for _ = 1, 32 do
        local bit = n % 2
        m, n = m * 2 + bit, (n - bit) / 2
    end

    return m
end

local reply, steps = { s.n, -1 }, 0

while from < 4294967296 do
    if limit <= 0 or most <= 0 or steps >= 256 then
        reply[2] = from
        break
    end

    local n = mirror(from) % (2 * s.base)
    local span = 2 * s.base

    if n >= s.buckets then
        n, span = n - s.base, s.base
    elseif n < s.base and n + s.base >= s.buckets then
        span = s.base
    end

    local data = redis.call('HGET', s.hash, 'k' .. n) or ''

    for at = 1, #data, KEY do
        local key = sub(data, at, at + KEY - 1)
        local value = get(s, key)

        if value then
            reply[#reply + 1] = key .. value
            limit, most = limit - 1, most - #value
        end
    end

    from = (math.floor(from / (4294967296 / span)) + 1) * (4294967296 / span)
    steps = steps + 1
end

return reply
