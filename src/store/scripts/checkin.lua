-- Takes check-ins: for configurations, and all of them for the tenant. They are
-- noted in journals. There may be none: the configurations must exist then, too.
--
-- KEYS: configurations, streams; the scope of the tenant and of each
--       configuration: hash, newest, queue, journal, records
-- ARGV: the cutoff in milliseconds; how many of the newest are kept; "1" or the
--       name of the type of a cast if the configurations must exist, otherwise
--       those that do not are passed over; the number of configurations and
--       their ids; then for each check-in what journals get, and the numbers
--       of its configurations, two bytes each
--
-- Returns 1, or an array if it is time to take what is in journals: of the
-- numbers of the configurations whose it is; 0 if a configuration does not
-- exist, or is of another type; 2 if more scopes are to be made than is done
-- at once: nothing else was done then.

-- include lib/entity.lua
-- include lib/journal.lua
-- include lib/note.lua

local cutoff, keep, ids = tonumber(ARGV[1]), tonumber(ARGV[2]),
                          tonumber(ARGV[4])
local cast, made = #ARGV[3] > 1 and ARGV[3], 0
local entries, all = {}, {}

for i = 1, cast and ids or 0 do
    local json = redis.call('HGET', KEYS[1], ARGV[i + 4])

    if not json or not of_type(json, cast) then
        return 0
    end
end

for i = 1, ids do
    local k = 5 * i + 3

    if redis.call('EXISTS', KEYS[k + 3]) == 1 then
        entries[i] = {}
    else
        local json = redis.call('HGET', KEYS[1], ARGV[i + 4])

        if json then
            if made == SCOPES and budget ~= huge then
                return 2
            end

            adopt(blank(k), KEYS[1], KEYS[2], ARGV[i + 4], json, cutoff, keep)
            entries[i], made = {}, made + 1
        elseif ARGV[3] ~= '' then
            return 0
        end
    end
end

for i = ids + 5, #ARGV, 2 do
    local targets = ARGV[i + 1]

    all[#all + 1] = ARGV[i]

    for j = 1, #targets, 2 do
        local a, b = byte(targets, j, j + 1)
        local of = entries[a * 256 + b]

        if of then
            of[#of + 1] = ARGV[i]
        end
    end
end

if not all[1] then
    return 1
end

local due, long = note(KEYS[6], table.concat(all)), {}

for i = 1, ids do
    local of = entries[i]

    if of and of[1]
       and note(KEYS[5 * i + 6], of[2] and table.concat(of) or of[1])
    then
        due, long[#long + 1] = true, i
    end
end

return due and long or 1
