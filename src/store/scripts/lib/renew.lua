-- A check-in of a device that is known, and counts as its last one does: the
-- bytes are those of lib/checkin.lua, of which nothing else is needed.

-- renewed(hash, field, record): the data of the bucket with the record in it;
-- false if the one that is there stays; nil if it is not as easy as that
local function renewed(hash, field, record)
    local byte = string.byte
    local found = redis.call('HMGET', hash, field, 'g')
    local data = found[1]

    if not data or found[2] then
        return nil
    end

    local hit, at, to = string.find(data, string.sub(record, 4, 17), 4, true),
                        1, nil

    if not hit then
        return nil
    end

    repeat
        local a, b, c = byte(data, at, at + 2)

        if at > hit - 3 or not c then
            return nil
        end

        to = at + (a * 256 + b) * 256 + c

        if at == hit - 3 then
            break
        end

        at = to
    until false

    local flags, a, b, c, d, e, f, g = byte(data, at + 17, at + 24)
    local now, h, i, j, k, l, m, n = byte(record, 18, 25)

    if flags ~= now then
        return nil
    end

    local old = (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f)
                * 256 + g
    local new = (((((h * 256 + i) * 256 + j) * 256 + k) * 256 + l) * 256 + m)
                * 256 + n

    if new < old then
        return false
    end

    local rest = string.sub(data, at, to - 1)

    return rest ~= record and string.sub(data, 1, at - 1) .. record
                              .. string.sub(data, to)
end
