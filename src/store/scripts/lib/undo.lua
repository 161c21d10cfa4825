-- A journal of what the commands of a script change; in what follows
-- redis.call() writes it.
--
--   journal.call     redis.call() without it
--   journal.spare    keys, one of which a key that is removed as a whole is
--                    renamed to
--   journal.forget() what has been done before is not to be taken back
--   journal.undo()   takes everything back, the last change first
--   journal.close()  nothing is to be taken back any more

local journal, redis = nil, redis

do
    local raw, try = redis.call, redis.pcall
    local entries, spare, spared = {}, {}, 0

    local function note(...)
        entries[#entries + 1] = { ... }
    end

    -- the fields of a hash go back to what they are now
    local function note_fields(key, fields)
        local old = raw('HMGET', key, unpack(fields))

        for i, field in ipairs(fields) do
            if old[i] then
                note('HSET', key, field, old[i])
            else
                note('HDEL', key, field)
            end
        end
    end

    -- and so does a member of a sorted set
    local function note_member(key, member)
        local score = raw('ZSCORE', key, member)

        if score then
            note('ZADD', key, score, member)
        else
            note('ZREM', key, member)
        end
    end

    -- and a string
    local function note_string(key)
        local old = raw('GET', key)

        if old then
            note('SET', key, old)
        else
            note('UNLINK', key)
        end
    end

    local changes = {
        HSET = function(key, ...)
            local fields = {}

            for i = 1, select('#', ...), 2 do
                fields[#fields + 1] = (select(i, ...))
            end

            note_fields(key, fields)
        end,

        HSETNX = function(key, field)
            note_fields(key, { field })
        end,

        HDEL = function(key, ...)
            note_fields(key, { ... })
        end,

        ZADD = function(key, ...)
            for i = 2, select('#', ...), 2 do
                note_member(key, (select(i, ...)))
            end
        end,

        ZREM = function(key, ...)
            for i = 1, select('#', ...) do
                note_member(key, (select(i, ...)))
            end
        end,

        ZREMRANGEBYRANK = function(key, first, last)
            local gone = raw('ZRANGE', key, first, last, 'WITHSCORES')

            for i = 1, #gone, 2 do
                note('ZADD', key, gone[i + 1], gone[i])
            end
        end,

        RPUSH = function(key, ...)
            note('LTRIM', key, 0, -1 - select('#', ...))
        end,

        SET = note_string,
        APPEND = note_string,
        GETDEL = note_string,

        EXPIRE = function(key)
            local left = raw('PTTL', key)

            if left >= 0 then
                note('PEXPIRE', key, left)
            else
                note('PERSIST', key)
            end
        end
    }

    local reads = {
        EXISTS = true, GET = true, HEXISTS = true, HGET = true, HGETALL = true,
        HLEN = true, HMGET = true, LRANGE = true, STRLEN = true, ZCARD = true,
        ZRANGE = true, ZRANGEBYLEX = true, ZRANGEBYSCORE = true,
        ZREVRANGE = true, ZREVRANGEBYSCORE = true, ZSCORE = true
    }

    local function unlink(...)
        local n = 0

        for _, key in ipairs({ ... }) do
            if raw('EXISTS', key) == 1 then
                spared, n = spared + 1, n + 1

                local to = spare[spared] or error('no key to spare')

                raw('RENAME', key, to)
                note('RENAME', to, key)
            end
        end

        return n
    end

    local function journaled(command, ...)
        if command == 'UNLINK' then
            return unlink(...)
        end

        local change, before = changes[command], #entries

        if change then
            change(...)
        elseif not reads[command] then
            error(command .. ' cannot be taken back')
        end

        local reply = try(command, ...)

        if type(reply) == 'table' and reply.err then
            for i = #entries, before + 1, -1 do
                entries[i] = nil
            end

            error(reply)
        end

        return reply
    end

    redis = { call = journaled, status_reply = redis.status_reply,
              error_reply = redis.error_reply }

    journal = {
        call = raw,
        spare = spare,

        forget = function()
            entries = {}
        end,

        undo = function()
            for i = #entries, 1, -1 do
                raw(unpack(entries[i]))
            end
        end,

        close = function()
            for i = 1, spared do
                raw('UNLINK', spare[i])
            end
        end
    }
end
