-- What check-ins say, in a hash of the tenant: it is kept once for the tenant
-- and a configuration, as long as both have the same check-in of a key. In the
-- hash are:
--
--   KEY   form (1); the number of the tenant's scope and the flags of its
--         check-in (4, 1), if form is odd; the same of the configuration's,
--         if form is 2 or more; and what they say: microseconds since EPOCH
--         (7), the day it was received (2), and its members. Form 3 is one
--         for both, 7 is one each, that of the tenant behind its length (3)
--   NUM   nothing: there is a scope with this number (4)
--   n     the last number that was given to a scope
--   g     as long as records of scopes that are gone are looked for: where
--
-- Of several configurations that have a check-in of a key the first one shares
-- it; the others have theirs in their own hashes. A check-in that belongs to a
-- number that no scope has is none.

local find, sub, byte, char = string.find, string.sub, string.byte, string.char
local call = redis.call
local pack, unpacked = struct.pack, struct.unpack

local KEY, NUM = 14, 4
local NOBODY = '\0\0\0\0'
local SHARED = '>Bc4Bc4BI7'

-- the hash, what was read of it, and what is to be written
local records
local known, changed, changes = {}, {}, 0
local living = {}

-- Whether there is a scope with this number.
local function alive(num)
    local found = living[num]

    if found == nil then
        found = call('HEXISTS', records, num) == 1
        living[num] = found
    end

    return found
end

-- The number of a scope, which gets one with its first check-in.
local function number(s)
    if s.num == NOBODY then
        local n = (tonumber(call('HGET', records, 'n') or 0) + 1) % 4294967296

        s.num = pack('>I4', n)
        living[s.num] = true
        call('HSET', records, 'n', n, s.num, '')
    end

    return s.num
end

-- prefetch(keys): reads what these have, if it has not been read
local function prefetch(keys)
    local wanted, n = {}, 0

    for i = 1, #keys do
        if known[keys[i]] == nil then
            n = n + 1
            wanted[n] = keys[i]
        end
    end

    if n > 0 then
        local found = call('HMGET', records, unpack(wanted))

        for i = 1, n do
            known[wanted[i]] = found[i]
        end
    end
end

local function record_of(key)
    local data = known[key]

    if data == nil then
        data = call('HGET', records, key)
        known[key] = data
    end

    return data
end

-- flush(): writes what has changed
local function flush()
    if changes == 0 then
        return
    end

    local set, del = {}, {}

    for key in pairs(changed) do
        if known[key] then
            set[#set + 1] = key
            set[#set + 1] = known[key]
        else
            del[#del + 1] = key
        end
    end

    if set[1] then
        call('HSET', records, unpack(set))
    end

    if del[1] then
        call('HDEL', records, unpack(del))
    end

    changed, changes = {}, 0
end

local function change(key, data)
    if not changed[key] then
        changed[key], changes = true, changes + 1
    end

    known[key] = data

    if changes >= 256 then
        flush()
    end
end

-- The tenant's part of a record and the configuration's, or nil: number, flags
-- and the rest.
local function parts(data)
    local form, at = byte(data), 2
    local tenant, own

    if form % 2 == 1 then
        tenant = { num = sub(data, at, at + 3), flags = byte(data, at + 4) }
        at = at + 5
    end

    if form >= 2 then
        own = { num = sub(data, at, at + 3), flags = byte(data, at + 4) }
        at = at + 5
    end

    if form == 7 then
        local size = unpacked('>I3', data, at)

        tenant.rest = sub(data, at + 3, at + 2 + size)
        own.rest = sub(data, at + 3 + size)
    else
        local rest = sub(data, at)

        if tenant then
            tenant.rest = rest
        end

        if own then
            own.rest = rest
        end
    end

    return tenant, own
end

-- and the record of these; false if there is neither
local function joined(tenant, own)
    if tenant and own then
        local heads = tenant.num .. char(tenant.flags) .. own.num
                      .. char(own.flags)

        if tenant.rest == own.rest then
            return '\3' .. heads .. own.rest
        end

        return '\7' .. heads .. pack('>I3', #tenant.rest) .. tenant.rest
               .. own.rest
    end

    local one = tenant or own

    return one and (tenant and '\1' or '\2') .. one.num .. char(one.flags)
                   .. one.rest or false
end

-- get(s, key): the check-in that the scope has of this key: flags and the
-- rest; or false
local function get(s, key)
    local data = s.num ~= NOBODY and record_of(key)

    if data then
        local tenant, own = parts(data)
        local part = own

        if s.tenant then
            part = tenant
        end

        if part and part.num == s.num then
            return char(part.flags) .. part.rest
        end
    end

    return s.apart > 0 and call('HGET', s.hash, key)
end

-- set(s, key, value): from now on the scope has this one
local function set(s, key, value)
    local part = { num = number(s), flags = byte(value), rest = sub(value, 2) }
    local data = record_of(key)
    local tenant, own

    if data then
        tenant, own = parts(data)
    end

    if s.tenant then
        change(key, joined(part, own))
    elseif not own or own.num == s.num or not alive(own.num) then
        change(key, joined(tenant, part))

        if s.apart > 0 and call('HDEL', s.hash, key) == 1 then
            s.apart, s.moved = s.apart - 1, true
        end
    elseif call('HSET', s.hash, key, value) == 1 then
        s.apart, s.moved = s.apart + 1, true
    end
end

-- drop(s, key): it has none any more
local function drop(s, key)
    local data = record_of(key)

    if data then
        local tenant, own = parts(data)

        if s.tenant and tenant and tenant.num == s.num then
            change(key, joined(nil, own))
            return
        elseif not s.tenant and own and own.num == s.num then
            change(key, joined(tenant))
            return
        end
    end

    if s.apart > 0 and call('HDEL', s.hash, key) == 1 then
        s.apart, s.moved = s.apart - 1, true
    end
end

-- retract(num, left): there is no scope with this number any more; if records
-- of it are left, they are looked for in steps
local function retract(num, left)
    living[num] = false
    call('HDEL', records, num)

    if left then
        call('HSET', records, 'g', '0')
    end
end
