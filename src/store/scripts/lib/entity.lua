-- Reads and changes the JSON of an entity as the module renders it: an object
-- without white space, that begins with its ETag. Nothing is decoded: values
-- are found by their place, so that what is not changed stays as it is.

local find, sub, byte = string.find, string.sub, string.byte

-- where the digits of the ETag are
local ETAG_FROM, ETAG_TO = 21, 36

-- string_end(s, i): the closing quote of the string whose opening one is at i
local function string_end(s, i)
    local quote = i

    while true do
        quote = find(s, '"', quote + 1, true)
        local before = quote - 1

        while byte(s, before) == 92 do
            before = before - 1
        end

        if (quote - before) % 2 == 1 then
            return quote
        end
    end
end

-- value_end(s, i): the last byte of the value that begins at i
local function value_end(s, i)
    local depth = 0

    while true do
        local c = byte(s, i)

        if c == 34 then
            i = string_end(s, i)
        elseif c == 123 or c == 91 then
            depth = depth + 1
        elseif c == 125 or c == 93 then
            depth = depth - 1
        elseif depth == 0 then
            return find(s, '[,}%]]', i) - 1
        end

        if depth == 0 then
            return i
        end

        i = find(s, '["{}%[%]]', i + 1)
    end
end

-- members(s, i): the members of the object that begins at i, as a table of
-- names and { first, last } byte of their values
local function members(s, i)
    local found = {}

    while byte(s, i) ~= 125 and byte(s, i + 1) ~= 125 do
        local quote = string_end(s, i + 1)
        local value = { quote + 2, value_end(s, quote + 2) }

        found[sub(s, i + 2, quote - 1)] = value
        i = value[2] + 1
    end

    return found
end

-- splice(s, edits): s with the bytes of each edit { first, last, new }
-- replaced
local function splice(s, edits)
    local parts, from = {}, 1

    table.sort(edits, function(a, b) return a[1] < b[1] end)

    for _, edit in ipairs(edits) do
        parts[#parts + 1] = sub(s, from, edit[1] - 1)
        parts[#parts + 1] = edit[3]
        from = edit[2] + 1
    end

    parts[#parts + 1] = sub(s, from)

    return table.concat(parts)
end

-- listed(list, etag): whether an ETag is in "*", or in "-" and digits of ETags
local function listed(list, etag)
    if list == '*' then
        return true
    end

    for i = 2, #list, 16 do
        if sub(list, i, i + 15) == etag then
            return true
        end
    end

    return false
end

-- holds(etag, match, none): whether If-Match and If-None-Match, "" for one
-- that is not given, let what has this ETag be changed
local function holds(etag, match, none)
    return (match == '' or listed(match, etag))
           and (none == '' or not listed(none, etag))
end

-- type_name(value): of a value { "@odata.type": NAME ... }, without the '#'
local function type_name(json, at)
    local value = at['@odata.type']

    return value and sub(json, value[1] + 1, value[2] - 1):gsub('^#', '') or ''
end

-- of_type(json, cast): whether a configuration is of the type that a cast
-- names; "" is no cast
local function of_type(json, cast)
    return cast == '' or cast == type_name(json, members(json, 1))
end

-- edits_of(json, at, argv, n): the edits that the arguments from n on make: for
-- each property its name, its value, the name of its declared type or "", a
-- number of members, and each one's name and value. With a type the members
-- are merged, if the stored value is an object of the type that they name.
-- Also returns a set of the names of the properties.
local function edits_of(json, at, argv, n)
    local edits, changed = {}, {}

    while argv[n] do
        local name, value, declared = argv[n], argv[n + 1], argv[n + 2]
        local count, place = tonumber(argv[n + 3]), at[name]
        local inner = declared ~= '' and byte(json, place[1]) == 123
                      and members(json, place[1])

        changed[name] = true
        n = n + 4

        if inner and argv[n] == '@odata.type' then
            local stored = type_name(json, inner)
            local given = argv[n + 1]:gsub('["#]', '')

            if given ~= (stored == '' and declared or stored) then
                inner = nil
            end
        end

        if not inner then
            edits[#edits + 1] = { place[1], place[2], value }
        else
            for i = n, n + 2 * count - 2, 2 do
                local member = inner[argv[i]]

                if member then
                    edits[#edits + 1] = { member[1], member[2], argv[i + 1] }
                end
            end
        end

        n = n + 2 * count
    end

    return edits, changed
end

-- an unnamed type is this one
local BASE_TYPE = 'microsoft.graph.officeClientConfiguration'

-- load(key, id): the JSON of a configuration and its members; nil without one
local function load(key, id)
    local json = redis.call('HGET', key, id)

    if json then
        return json, members(json, 1)
    end
end

-- save(keys, id, json, at, edits, etag, date, changed): stores a configuration
-- with the edits, a new ETag and a new date; returns it. A stream has the ETag
-- that its configuration had when it was changed last: streams that are not
-- changed keep theirs, which is written down now.
local function save(keys, id, json, at, edits, etag, date, changed)
    local last = at['lastModifiedDateTime']

    edits[#edits + 1] = { ETAG_FROM, ETAG_TO, etag }

    if last then
        edits[#edits + 1] = { last[1], last[2], date }
    end

    if keys.streams then
        local old = sub(json, ETAG_FROM, ETAG_TO)

        for letter, name in pairs({ p = 'policyPayload',
                                    u = 'userPreferencePayload' }) do
            local field, media = letter .. '/' .. id, changed[name]

            if not media then
                redis.call('HSETNX', keys.streams, field, old)
            elseif media == '' then
                redis.call('HDEL', keys.streams, field)
            else
                redis.call('HSET', keys.streams, field, etag .. media)
            end
        end
    end

    json = splice(json, edits)
    redis.call('HSET', keys.entities, id, json)

    return json
end

-- sorted_values(key): what is in a hash, in the order of its fields
local function sorted_values(key)
    local flat, fields, values = redis.call('HGETALL', key), {}, {}

    for i = 1, #flat, 2 do
        fields[#fields + 1] = flat[i]
        values[flat[i]] = flat[i + 1]
    end

    table.sort(fields)

    for i, field in ipairs(fields) do
        fields[i] = values[field]
    end

    return fields
end
