-- Takes check-ins: for configurations, and all of them for the tenant.
--
-- KEYS: configurations, streams; the scope of the tenant and of each
--       configuration as its hash, its newest and its queue
-- ARGV: the cutoff in milliseconds; how many of the newest are kept; "1" if
--       the configurations must exist, otherwise those that do not are passed
--       over; the number of configurations and their ids; then for each
--       check-in its record, and the numbers of its configurations, two bytes
--       each
--
-- Returns 1; 0 if a configuration does not exist; 2 if there was more to
-- expire than is done at once: nothing else was done then.

-- include lib/renew.lua

-- one check-in of a device that all know takes nothing of what is below

local ids = tonumber(ARGV[4])

if #ARGV == ids + 6 and #ARGV[ids + 6] == 2 * ids
   and renew(3, string.sub(ARGV[ids + 5], 1, 14),
             string.sub(ARGV[ids + 5], 15), ARGV[2])
then
    return 1
end

-- include lib/checkin.lua

local cutoff, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
local scopes, known, stale = {}, {}, false

for i = 0, ids do
    local k = 3 * i
    local hash, recent, queue = KEYS[k + 3], KEYS[k + 4], KEYS[k + 5]
    local s = known[hash]

    if s == nil then
        s = open(hash, recent, queue)
    end

    if not s and i == 0 then
        s = blank(hash, recent, queue)
    elseif s == nil then
        local json = redis.call('HGET', KEYS[1], ARGV[i + 4])

        if json then
            s = blank(hash, recent, queue)
            adopt(s, KEYS[1], KEYS[2], ARGV[i + 4], json, cutoff, keep)
        elseif ARGV[3] == '1' then
            return 0
        end
    end

    -- a summary that was given must be right before it begins to move

    if s and s.due < cutoff
       and not expire(s, cutoff, s.given == '' and 4 or 50)
       and s.given ~= ''
    then
        stale = true
        break
    end

    scopes[i], known[hash] = s, s or false
end

if stale then
    return 2
end

for i = ids + 5, #ARGV, 2 do
    local record, targets = ARGV[i], ARGV[i + 1]

    put(scopes[0], record, cutoff, keep)

    for j = 1, #targets, 2 do
        local a, b = string.byte(targets, j, j + 1)
        local s = scopes[a * 256 + b]

        if s then
            put(s, record, cutoff, keep)
        end
    end
end

return 1
