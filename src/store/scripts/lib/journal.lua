-- Check-ins that are taken together: those that come together, and those that
-- have waited in journals, see lib/checkin.lua.

-- include lib/checkin.lua

-- how many check-ins a script still takes from journals; one that changes more
-- than its date and what it says counts as three, one that expires as two, and
-- each journal as OPENING more
local budget, OPENING = 48, 12

-- how many of these together, and how many at all; a call that brings others
-- and finds more than that takes all, or they would become ever more
local PULL, MOST = 16, 64

local NOTED, USEC = '>I6c14Bc16I3c0', '>I7'

-- entry_of(cutoff, key, kind, rest): what a journal gets of a check-in, whose
-- flags are the kind; the cutoff is as six bytes
local function entry_of(cutoff, key, kind, rest)
    return cutoff .. key .. char(kind)
           .. format('%016d', math.min(unpacked(USEC, rest), 9e15))
           .. pack('>I3', #rest) .. rest
end

-- entries_of(b): and what of a batch
local function entries_of(b)
    local entries = {}

    for i = 1, b.n do
        entries[i] = entry_of(pack('>I6', b.cutoffs[i]), b.keys[i], b.kinds[i],
                              b.rests[i])
    end

    return table.concat(entries)
end

-- check-ins that are to be taken together; of several of one key only that
-- which stays in the end
local function batch()
    return { n = 0, at = {}, keys = {}, cutoffs = {}, kinds = {}, usecs = {},
             scores = {}, rests = {} }
end

local function add(b, cutoff, key, kind, score, rest)
    local j, usec = b.at[key], unpacked(USEC, rest)

    if not j then
        j = b.n + 1
        b.n, b.at[key], b.keys[j] = j, j, key
    elseif usec < b.usecs[j]
           and not gone(char(b.kinds[j]) .. b.rests[j], cutoff)
    then
        return
    end

    b.cutoffs[j], b.kinds[j], b.usecs[j] = cutoff, kind, usec
    b.scores[j], b.rests[j] = score, rest
end

-- take(s, b, keep, newest): takes a batch, but for what flush() writes; some
-- others may be among the newest, too
local function take(s, b, keep, newest)
    local list, n, dirty = {}, #newest, false

    for i = 1, n do
        list[i] = newest[i]
    end

    s.late, s.fresh = {}, {}

    for i = 1, b.n do
        local key, value = b.keys[i], char(b.kinds[i]) .. b.rests[i]
        local old = get(s, key)

        if old ~= value then
            local taken, changed = replace(s, key, old, value, b.cutoffs[i])

            if taken then
                list[n + 1], list[n + 2] = b.scores[i], key
                n, dirty = n + 2, dirty or changed
            end

            if changed then
                budget = budget - 2
            end
        end
    end

    finish(s, list, dirty, keep)
end

-- copy(from, i, to): a check-in of one batch becomes one of another
local function copy(from, i, to)
    local j = to.n + 1

    to.n, to.keys[j], to.cutoffs[j] = j, from.keys[i], from.cutoffs[i]
    to.kinds[j], to.usecs[j] = from.kinds[i], from.usecs[i]
    to.scores[j], to.rests[j] = from.scores[i], from.rests[i]
end

-- both(t, c, tb, cb, keep, most): the tenant takes one batch and a
-- configuration the other. What is in both and changes no more than its date
-- and what it says, where the two share a record, is written as it is; of
-- others no more than "most" are taken. Returns two batches: what is left.
local function both(t, c, tb, cb, keep, most)
    local set, list, n = {}, {}, 0
    local trest, crest, heads, done = batch(), batch(), {}, {}
    local tleft, cleft = batch(), batch()

    prefetch(tb.keys)

    if cb ~= tb then
        prefetch(cb.keys)
    end

    for i = 1, tb.n do
        local key, kind, rest = tb.keys[i], tb.kinds[i], tb.rests[i]
        local data, j, same = known[key], cb.at[key], false

        if data and j and byte(data) == 3 and cb.kinds[j] == kind
           and cb.rests[j] == rest
        then
            local _, tnum, tkind, cnum, ckind, usec = unpacked(SHARED, data)

            same = tnum == t.num and cnum == c.num and tkind == kind
                   and ckind == kind and usec <= tb.usecs[i]
        end

        if same then
            local head = heads[kind]

            if not head then
                head = '\3' .. t.num .. char(kind) .. c.num .. char(kind)
                heads[kind] = head
            end

            set[n + 1], set[n + 2] = key, head .. rest
            list[n + 1], list[n + 2] = tb.scores[i], key
            n, done[j], known[key] = n + 2, true, nil
        else
            copy(tb, i, trest.n < most and trest or tleft)
        end
    end

    for j = 1, cb.n do
        if not done[j] then
            copy(cb, j, crest.n < most and crest or cleft)
        end
    end

    if n > 0 then
        call('HSET', records, unpack(set))
    end

    take(t, trest, keep, list)
    take(c, crest, keep, list)
    flush()

    return tleft, cleft
end

-- back(s, own, data, pos): what a journal had from pos on is in it again
local function back(s, own, data, pos)
    if own or pos <= #data then
        call('SET', s.journal, (own and OWN or '') .. sub(data, pos))
    end
end

-- waiting(s, most): takes so many check-ins at most out of the journal: a
-- batch, which is empty if there is none; whether there are more; and how many
-- it were
local function waiting(s, most)
    local b, n = batch(), 0

    if call('STRLEN', s.journal) <= 1 then
        return b, false, 0
    end

    -- first of all what a Redis without memory lets be done, too

    local data = call('GETDEL', s.journal)
    local own = byte(data) == byte(OWN)
    local pos = own and 2 or 1

    while n < most and pos <= #data do
        local cutoff, key, kind, score, rest, after
              = unpacked(NOTED, data, pos)

        add(b, cutoff, key, kind, score, rest)
        pos, n = after, n + 1
    end

    back(s, own, data, pos)

    return b, pos <= #data, n
end

-- restore(s, b): and they are the first ones in it again
local function restore(s, b)
    if b.n == 0 then
        return
    end

    local data = call('GET', s.journal) or ''
    local own = byte(data) == byte(OWN)

    call('SET', s.journal, (own and OWN or '') .. entries_of(b)
                           .. sub(data, own and 2 or 1))
end

-- together(t, c, tb, cb, keep, most): the same as both(), for check-ins that
-- are in no journal; what is left is then in them
local function together(t, c, tb, cb, keep, most)
    tb, cb = both(t, c, tb, cb, keep, most)

    restore(t, tb)
    restore(c, cb)
end

-- age(s, cutoff): a few check-ins that are old are expired, if nothing waits
local function age(s, cutoff)
    if s.due < cutoff and call('STRLEN', s.journal) <= 1 then
        expire(s, cutoff, 4)
    end
end

-- aged(s, cutoff): what is old is expired, as far as that is not more work than
-- should be done at once. Returns whether that was all.
local function aged(s, cutoff)
    if s.due >= cutoff then
        return true
    end

    local most = math.min(STEP, floor(budget / 2))

    if most <= 0 then
        return false
    end

    budget = budget - 2 * most

    return expire(s, cutoff, most)
end

-- first(s, keep): takes check-ins out of the journal one by one, until the
-- summary that was given, which must be right then, has begun to move. Returns
-- whether it has, or there are none left.
local function first(s, keep)
    if call('STRLEN', s.journal) <= 1 then
        return true
    end

    local data = call('GETDEL', s.journal)
    local own, ready = byte(data) == byte(OWN), true
    local pos = own and 2 or 1

    while pos <= #data and s.given ~= '' do
        local cutoff, key, kind, _, rest, after = unpacked(NOTED, data, pos)

        if budget <= 0 or not aged(s, cutoff) then
            ready = false
            break
        end

        put(s, key .. char(kind) .. rest, cutoff, keep)
        pos, budget = after, budget - 1
    end

    flush()
    back(s, own, data, pos)

    return ready
end

-- drain(s, keep): takes what is in the journal. Returns whether that was all;
-- before it is, nothing may be read or written, or be expired.
local function drain(s, keep)
    if s.given ~= '' and budget > 0 and not first(s, keep) then
        return false
    end

    local opening = OPENING

    -- all of them may change more, and a few are not worth it

    while budget > 6 do
        local b, _, n = waiting(s, math.min(PULL, math.ceil(budget / 3)))

        if n == 0 then
            return true
        end

        budget, opening = budget - n - opening, 0
        prefetch(b.keys)
        take(s, b, keep, {})
        flush()
    end

    return call('STRLEN', s.journal) <= 1
end

-- found(i): the scope that the five keys from KEYS[i] on hold, or nil, as it is
-- without what is in its journal
local function found(i)
    local s = stored(i)

    if not s and call('EXISTS', KEYS[i + 3]) == 1 then
        s = blank(i)
    end

    return s
end

-- open(i, keep): the same with it. The second result says that there is more in
-- its journal than is taken at once.
local function open(i, keep)
    local s = found(i)

    return s, s and not drain(s, keep)
end
