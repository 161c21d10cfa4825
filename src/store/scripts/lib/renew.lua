-- A check-in of a device that is known, and counts as its last one does: the
-- bytes are those of lib/checkin.lua, of which nothing else is needed then.

-- renewed(hash, key, value): whether the value is to be stored; false if the
-- one that is there stays; nil if it is not as easy as that
local function renewed(hash, key, value)
    local byte = string.byte
    local found = redis.call('HMGET', hash, key, 'g')
    local old = found[1]

    if not old or found[2] then
        return nil
    end

    local flags, a, b, c, d, e, f, g = byte(old, 1, 8)
    local now, h, i, j, k, l, m, n = byte(value, 1, 8)

    if flags ~= now then
        return nil
    end

    old = old ~= value
          and (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f)
              * 256 + g

    return old
           and (((((h * 256 + i) * 256 + j) * 256 + k) * 256 + l) * 256 + m)
               * 256 + n >= old
end

-- renew(first, key, value, keep): stores the check-in in the scopes whose keys
-- begin with KEYS[first], three each; "keep" of the newest are kept apart.
-- Returns whether it did: to all or to none.
local function renew(first, key, value, keep)
    local news, usec = {}, nil

    for i = first, #KEYS, 3 do
        news[i] = renewed(KEYS[i], key, value)

        if news[i] == nil then
            return false
        end
    end

    for i = first, #KEYS, 3 do
        if news[i] then
            if not usec then
                local a, b, c, d, e, f, g = string.byte(value, 2, 8)

                usec = (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256
                        + f) * 256 + g
            end

            redis.call('HSET', KEYS[i], key, value)

            if redis.call('ZADD', KEYS[i + 1], usec, key) == 1
               and redis.call('ZCARD', KEYS[i + 1]) > 2 * keep
            then
                redis.call('ZREMRANGEBYRANK', KEYS[i + 1], 0, -keep - 1)
            end
        end
    end

    return true
end
