-- The check-ins of a configuration, or of the tenant: a scope.
--
-- A scope is a hash, a sorted set of its newest check-ins (key, microseconds),
-- a sorted set that orders the chunks of its queue, and a journal: a string
-- of check-ins that have come and are not in the hash yet. A script that looks
-- at a scope takes them from there first; they are cheaper to take together.
-- Each is the cutoff of when it came (6 bytes), its key, its flags (1), its
-- microseconds as digits (16), the length of the rest (3), and this. A
-- configuration's journal begins with OWN, which no cutoff does: so it is there
-- exactly as long as the scope is. In the hash are:
--
--   h     the head, as HEAD packs it
--   g     a summary that a client gave and no check-in has followed
--   KEY   a check-in that is not where lib/records.lua has the others: flags
--         (1), and the rest: microseconds since EPOCH (7), the day it was
--         received (2), and what it says
--   kN    bucket N of keys
--   uN    bucket N of users: the last 8 bytes of the key, how many check-ins
--         that count have failed (3), and how many have not (3)
--   eN    chunk N of the queue: keys, each with the milliseconds (6) before
--         which nothing happens to its check-in
--
-- A key is a hash of user and device (6 bytes), and of the user (8). Buckets
-- are those of linear hashing: one is split whenever there are sixteen
-- check-ins for each. The flags: 1 was successful, 2 counts in the summary. A
-- record, as it comes and goes, is a key and its check-in.

-- include lib/records.lua

local floor, huge, format = math.floor, math.huge, string.format

local HEAD = '>I4I4I4I4I4i4i4I4I4dddc4I4'
local ENTRY = 20
local CHUNK = 32 * ENTRY

-- the last chunk of the queue has those of such a time, in milliseconds, which
-- come in about the order of their dates
local NEAR = 3600000
local OWN = '-'

-- so many check-ins are expired at once, and so many scopes made
local STEP, SCOPES = 10, 16
local DAY = 86400000

-- so many microseconds before 1970 is the oldest date that is told from others
local EPOCH = 4503599627370496

-- microseconds, and milliseconds, of a check-in
local function usec_of(value)
    local a, b, c, d, e, f, g = byte(value, 2, 8)

    return (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) * 256
           + g
end

local function time_of(value)
    return floor((usec_of(value) - EPOCH) / 1000)
end

-- the end of the day that a check-in was received
local function received(value)
    local a, b = byte(value, 9, 10)

    return (a * 256 + b + 1) * DAY
end

-- the number of the bucket that a key, or its part from byte i on, belongs to
local function bucket(s, key, i)
    local a, b, c, d = byte(key, i, i + 3)
    local n = ((a * 256 + b) * 256 + c) * 256 + d
    local m = n % (2 * s.base)

    return m < s.buckets and m or m - s.base
end

-- a scope of the five keys from KEYS[i] on, of which the last is that of the
-- records, PREFIX{TENANT}:rec
local function scope(i)
    records = KEYS[i + 4]

    return { hash = KEYS[i], recent = KEYS[i + 1], queue = KEYS[i + 2],
             journal = KEYS[i + 3],
             tenant = KEYS[i] == sub(records, 1, -4) .. 'chk' }
end

-- one without check-ins
local function blank(i)
    local s = scope(i)

    s.n, s.buckets, s.base, s.ok, s.failed = 0, 1, 1, 0, 0
    s.more_ok, s.more_failed, s.given = 0, 0, ''
    s.chunk, s.chunks, s.high, s.low, s.due = 1, 1, -1, huge, huge
    s.num, s.apart = NOBODY, 0

    return s
end

-- the scope that these keys hold, as it was before what is in its journal; or
-- nil
local function stored(i)
    local found = call('HMGET', KEYS[i], 'h', 'g')

    if found[1] then
        local s = scope(i)

        s.n, s.buckets, s.base, s.ok, s.failed, s.more_ok, s.more_failed,
        s.chunk, s.chunks, s.high, s.low, s.due, s.num, s.apart
            = unpacked(HEAD, found[1])
        s.given = found[2] or ''

        return s
    end
end

local function head(s)
    return pack(HEAD, s.n, s.buckets, s.base, s.ok, s.failed, s.more_ok,
                s.more_failed, s.chunk, s.chunks, s.high, s.low, s.due, s.num,
                s.apart)
end

-- write_head(s): stores the head, and the summary that was given
local function write_head(s)
    if s.given == '' then
        call('HDEL', s.hash, 'g')
        call('HSET', s.hash, 'h', head(s))
    else
        call('HSET', s.hash, 'h', head(s), 'g', s.given)
    end
end

-- the summary as JSON
local function summary(s)
    if s.given ~= '' then
        return s.given
    end

    return format('{"succeededUserCount":%d,"failedUserCount":%d}',
                         math.max(0, s.ok + s.more_ok),
                         math.max(0, s.failed + s.more_failed))
end

-- From now on the summary that was given moves with the check-ins.
local function move(s)
    local given = s.given

    if given ~= '' then
        s.more_ok = (tonumber(given:match('"succeededUserCount":(%-?%d+)'))
                     or s.ok) - s.ok
        s.more_failed = (tonumber(given:match('"failedUserCount":(%-?%d+)'))
                         or s.failed) - s.failed
        s.given = ''
        call('HDEL', s.hash, 'g')

        if given == 'null' then
            s.more_ok, s.more_failed = 0, 0
        end
    end
end

-- fetch(s, field): what is in the hash, or ''. While check-ins are taken
-- together, what changes more than once is written in the end: s.late has it
-- then, and s.fresh what was read.
local function fetch(s, field)
    local late = s.late

    if not late then
        return call('HGET', s.hash, field) or ''
    end

    local data = late[field] or s.fresh[field]

    if not data then
        data = call('HGET', s.hash, field) or ''
        s.fresh[field] = data
    end

    return data
end

local function store(s, field, data)
    if s.late then
        s.late[field] = data
    else
        call('HSET', s.hash, field, data)
    end
end

-- write_late(s): writes what is late
local function write_late(s)
    local late, n = {}, 0

    for field, data in pairs(s.late) do
        late[n + 1], late[n + 2] = field, data
        n = n + 2
    end

    if n > 0 then
        call('HSET', s.hash, unpack(late))
    end

    s.late, s.fresh = nil, nil
end

-- Counts a check-in of a user that has come (1), gone (-1) or neither (0),
-- among the successful and the failed; returns the bucket's field and data.
local function count(s, key, ok, failed)
    local user = sub(key, 7)
    local field = 'u' .. bucket(s, key, 7)
    local data = fetch(s, field)
    local at = find(data, user, 1, true)

    while at and at % KEY ~= 1 do
        at = find(data, user, at + 1, true)
    end

    local nfailed, nok = 0, 0

    if at then
        local a, b, c, d, e, f = byte(data, at + 8, at + 13)

        nfailed, nok = (a * 256 + b) * 256 + c, (d * 256 + e) * 256 + f
    else
        at = #data + 1
    end

    if nfailed > 0 then
        s.failed = s.failed - 1
    elseif nok > 0 then
        s.ok = s.ok - 1
    end

    nfailed, nok = nfailed + failed, nok + ok

    if nfailed > 0 then
        s.failed = s.failed + 1
    elseif nok > 0 then
        s.ok = s.ok + 1
    else
        user = ''
    end

    if user ~= '' then
        user = user .. pack('>I3I3', nfailed, nok)
    end

    return field, sub(data, 1, at - 1) .. user .. sub(data, at + KEY)
end

-- Adds a key to the queue: nothing happens to its check-in before "time".
local function enqueue(s, key, time)
    local entry = key .. pack('>I2I4', floor(time / 4294967296),
                              time % 4294967296)
    local chunk = s.chunk

    if time >= s.high - NEAR then
        local data = fetch(s, 'e' .. chunk)

        if #data >= CHUNK then
            s.chunks = s.chunks + 1
            chunk, data = s.chunks, ''
            s.chunk = chunk
        end

        if data == '' or time < s.low then
            call('ZADD', s.queue, time, chunk)
            s.low = time
        end

        s.high = math.max(s.high, time)
        store(s, 'e' .. chunk, data .. entry)
    else
        chunk = call('ZREVRANGEBYSCORE', s.queue, time, '-inf', 'LIMIT', 0,
                     1)[1]
        if not chunk then
            chunk = call('ZRANGE', s.queue, 0, 0)[1]
            call('ZADD', s.queue, time, chunk)

            if tonumber(chunk) == s.chunk then
                s.low = time
            end
        end

        local data = fetch(s, 'e' .. chunk) .. entry

        if #data > 2 * CHUNK then
            local entries = {}

            for i = 1, #data, ENTRY do
                local a, b, c, d, e, f = byte(data, i + 14, i + 19)

                entries[#entries + 1] = {
                    ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256
                    + f, sub(data, i, i + ENTRY - 1)
                }
            end

            table.sort(entries, function(a, b) return a[1] < b[1] end)

            local all, half = {}, floor(#entries / 2)

            for i = 1, #entries do
                all[i] = entries[i][2]
            end

            s.chunks = s.chunks + 1
            call('ZADD', s.queue, entries[half + 1][1], s.chunks)
            store(s, 'e' .. s.chunks, table.concat(all, '', half + 1))

            if tonumber(chunk) == s.chunk then
                s.chunk, s.low = s.chunks, entries[half + 1][1]
            end

            data = table.concat(all, '', 1, half)
        end

        store(s, 'e' .. chunk, data)
    end

    if time < s.due then
        s.due = time
    end
end

-- Splits the next bucket in two.
local function split(s)
    local from, to, span = s.buckets - s.base, s.buckets, 2 * s.base
    local set, del = {}, {}

    s.buckets = to + 1

    if s.buckets == span then
        s.base = span
    end

    for _, kind in ipairs({ 'k', 'u' }) do
        local data = call('HGET', s.hash, kind .. from) or ''
        local parts = { [from] = {}, [to] = {} }

        for at = 1, #data, KEY do
            local part = parts[bucket(s, data, at)]

            part[#part + 1] = sub(data, at, at + KEY - 1)
        end

        for n, part in pairs(parts) do
            if #part > 0 then
                set[#set + 1] = kind .. n
                set[#set + 1] = table.concat(part)
            elseif n == from then
                del[#del + 1] = kind .. n
            end
        end
    end

    if set[1] then
        call('HSET', s.hash, unpack(set))
    end

    if del[1] then
        call('HDEL', s.hash, unpack(del))
    end
end

-- Whether a check-in that is still there is none any more: it does not count,
-- and was received too long ago.
local function gone(value, cutoff)
    return time_of(value) < cutoff and received(value) < cutoff
end

-- replace(s, key, old, value, cutoff, quiet): a check-in has come where "old"
-- was, or false. The cutoff is that of when it came, in milliseconds. A quiet
-- one belongs to a document and leaves a summary that was given as it is. What
-- changes is late, the head is not written. Returns whether it was taken, as it
-- is not if the old one is newer; and whether the head has changed.
local function replace(s, key, old, value, cutoff, quiet)
    local flags, was = byte(value, 1), 0
    local ok, failed = 0, 0
    local dirty = not quiet and s.given ~= ''

    if old then
        if usec_of(value) < usec_of(old) and not gone(old, cutoff) then
            return false
        end

        was = byte(old, 1)

        if was == 3 then
            ok = -1
        elseif was == 2 then
            failed = -1
        end
    end

    if dirty then
        move(s)
    end

    if flags == 3 then
        ok = ok + 1
    elseif flags == 2 then
        failed = failed + 1
    end

    if ok ~= 0 or failed ~= 0 then
        store(s, count(s, key, ok, failed))
        dirty = true
    end

    if old ~= value then
        set(s, key, value)
    end

    if not old then
        local field = 'k' .. bucket(s, key, 1)

        store(s, field, fetch(s, field) .. key)
        s.n = s.n + 1
        dirty = true
    end

    -- one that did not count is in the queue for a later time

    if flags >= 2 and was < 2 then
        enqueue(s, key, time_of(value))
        dirty = true
    elseif not old then
        enqueue(s, key, math.max(time_of(value), received(value)))
    end

    return true, dirty
end

-- finish(s, add, dirty, keep): writes what is late but the records, and the
-- newest, of which "keep" are wanted
local function finish(s, add, dirty, keep)
    if dirty or s.moved then
        s.late['h'], s.moved = head(s), nil
    end

    write_late(s)

    if add[1] then
        call('ZADD', s.recent, unpack(add))

        if s.n > 2 * keep and call('ZCARD', s.recent) > 2 * keep then
            call('ZREMRANGEBYRANK', s.recent, 0, -keep - 1)
        end
    end

    if s.n > 16 * s.buckets then
        repeat
            split(s)
        until s.n <= 16 * s.buckets

        call('HSET', s.hash, 'h', head(s))
    end
end

-- put(s, record, cutoff, keep, quiet): the same for a record, all of it but
-- flush()
local function put(s, record, cutoff, keep, quiet)
    local key, value = sub(record, 1, KEY), sub(record, KEY + 1)
    local old = get(s, key)

    s.late, s.fresh = {}, {}

    local taken, dirty = replace(s, key, old, value, cutoff, quiet)

    if taken and (dirty or old ~= value) then
        finish(s, { format('%d', usec_of(value)), key }, dirty, keep)
    end

    s.late, s.fresh = nil, nil
end

-- The time of a key in the queue has come: its check-in ceases to count, and
-- is removed unless it was received lately. Returns when to look again, or nil.
local function retire(s, key, cutoff)
    local value = get(s, key)

    if not value then
        return nil
    end

    local time = time_of(value)

    if time >= cutoff then
        return time
    end

    local flags = byte(value, 1)

    if flags >= 2 then
        call('HSET', s.hash, count(s, key, flags == 3 and -1 or 0,
                                   flags == 2 and -1 or 0))
    end

    time = received(value)

    if time >= cutoff then
        if flags >= 2 then
            set(s, key, char(flags - 2) .. sub(value, 2))
        end

        return time
    end

    local field = 'k' .. bucket(s, key, 1)
    local data = call('HGET', s.hash, field)
    local at = find(data, key, 1, true)

    while at % KEY ~= 1 do
        at = find(data, key, at + 1, true)
    end

    call('HSET', s.hash, field, sub(data, 1, at - 1) .. sub(data, at + KEY))
    drop(s, key)
    s.n = s.n - 1

    if call('ZREM', s.recent, key) == 1 then
        s.thin = true
    end
end

-- The newest check-ins have become fewer: if there are not many others, these
-- may be among them now. It takes check-ins that were received long after
-- their dates to come to this.
local function refill(s)
    if s.n > 300 or call('ZCARD', s.recent) >= s.n then
        return
    end

    local all = {}

    for n = 0, s.buckets - 1 do
        local data = call('HGET', s.hash, 'k' .. n) or ''

        for at = 1, #data, KEY do
            local key = sub(data, at, at + KEY - 1)
            local value = get(s, key)

            if value then
                all[#all + 1], all[#all + 2] = usec_of(value), key
            end
        end
    end

    if all[1] then
        call('ZADD', s.recent, unpack(all))
    end
end

-- expire(s, cutoff, most): what is older than the cutoff ceases to count, so
-- many at most. Returns whether that was all.
local function expire(s, cutoff, most)
    if s.due >= cutoff then
        return true
    end

    while most > 0 do
        local low = call('ZRANGE', s.queue, 0, 0, 'WITHSCORES')
        local chunk, time = low[1], tonumber(low[2])

        if not chunk or time >= cutoff then
            break
        end

        local data = call('HGET', s.hash, 'e' .. chunk)
        local keep, again, least = {}, {}, huge

        for i = 1, #data, ENTRY do
            local a, b, c, d, e, f = byte(data, i + 14, i + 19)

            time = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f

            if time < cutoff and most > 0 then
                local key = sub(data, i, i + 13)

                most = most - 1
                again[#again + 1] = { key, retire(s, key, cutoff) }
            else
                keep[#keep + 1] = sub(data, i, i + ENTRY - 1)
                least = math.min(least, time)
            end
        end

        if keep[1] then
            call('HSET', s.hash, 'e' .. chunk, table.concat(keep))
            call('ZADD', s.queue, least, chunk)

            if tonumber(chunk) == s.chunk then
                s.low = least
            end
        else
            call('HDEL', s.hash, 'e' .. chunk)
            call('ZREM', s.queue, chunk)

            if tonumber(chunk) == s.chunk then
                s.chunks = s.chunks + 1
                s.chunk, s.high = s.chunks, -1
            end
        end

        for _, entry in ipairs(again) do
            if entry[2] then
                enqueue(s, entry[1], entry[2])
            end
        end
    end

    if s.thin then
        refill(s)
    end

    local low = call('ZRANGE', s.queue, 0, 0, 'WITHSCORES')

    s.due = tonumber(low[2]) or huge
    call('HSET', s.hash, 'h', head(s))
    flush()

    return s.due >= cutoff
end

-- Removes all check-ins; a summary that is not as it was given moves with
-- their users. Returns whether records of them are left, which are as good as
-- gone.
local function clear(s)
    local left = s.n > 100

    if not left then
        for n = 0, s.buckets - 1 do
            local data = call('HGET', s.hash, 'k' .. n) or ''

            for at = 1, #data, KEY do
                drop(s, sub(data, at, at + KEY - 1))
            end
        end

        flush()
    end

    if s.num ~= NOBODY then
        retract(s.num, left)
    end

    call('UNLINK', s.hash, s.recent, s.queue)

    s.num, s.apart = NOBODY, 0
    s.n, s.buckets, s.base, s.ok, s.failed = 0, 1, 1, 0, 0
    s.chunk, s.chunks, s.high, s.low, s.due = 1, 1, -1, huge, huge

    return left
end

-- what no check-in and no client has changed
local ZERO = '{"succeededUserCount":0,"failedUserCount":0}'

-- and what a client has given
local ZERO_GIVEN = '{"failedUserCount":0,"succeededUserCount":0}'

-- adopt(s, entities, streams, id, json, cutoff, keep): the check-ins of a
-- configuration that were kept in its JSON become those of a new scope.
local function adopt(s, entities, streams, id, json, cutoff, keep)
    local _, from = find(json, ',"userCheckinSummary":', 1, true)
    local to = find(json, ',"checkinStatuses":', from, true)
    local record = call('HGET', streams, 'c/' .. id)

    if record then
        local flags = byte(record, KEY + 1) % 2

        if time_of(sub(record, KEY + 1)) >= cutoff then
            flags = flags + 2
        end

        put(s, sub(record, 1, KEY) .. char(flags) .. sub(record, KEY + 2),
            cutoff, keep)
        call('HDEL', streams, 'c/' .. id)
    end

    s.given = sub(json, from + 1, to - 1)

    if s.given == ZERO and s.n == 0 then
        s.given = ''
    end

    call('HSET', entities, id,
         sub(json, 1, from) .. '0,"checkinStatuses":0}')
    call('SET', s.journal, OWN)
    write_head(s)
    flush()
end
