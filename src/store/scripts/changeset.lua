-- Carries out several scripts, one after the other: all of them, or, if one
-- refuses what it is asked for, none.
--
-- KEYS: keys to spare, then those of each script
-- ARGV: the cutoff of check-ins in milliseconds; how many of the newest are
--       kept; how many keys are to spare; the number of scripts; then for each its name, the number of its keys,
--       the number of its other arguments, and these
--
-- Returns an array of 0 and what each script returned; or of the number of the
-- one that refused and what that returned. 2 if there was more to take from
-- journals, or to expire, than is done at once: nothing else was done then.

-- each script finds its own keys and arguments in their usual places

local all_keys, all_args = KEYS, ARGV
local KEYS, ARGV

-- include lib/undo.lua
-- include lib/entity.lua
-- include lib/journal.lua
-- include lib/note.lua

local scripts = {}

scripts.create = function()
-- include create.lua
end

scripts.update = function()
-- include update.lua
end

scripts.delete = function()
-- include delete.lua
end

scripts.assign = function()
-- include assign.lua
end

scripts.priorities = function()
-- include priorities.lua
end

scripts.checkin = function()
-- include checkin.lua
end

scripts.exists = function()
-- include exists.lua
end

-- what is not a refusal
local function done(name, reply)
    if name == 'create' then
        return type(reply) == 'number' or type(reply) == 'table' and reply[1]
    elseif name == 'update' or name == 'assign' then
        return type(reply) == 'table'
    elseif name == 'priorities' then
        return reply == 0
    elseif name == 'delete' then
        return reply == 1 or reply == 3
    elseif name == 'checkin' then
        return reply == 1 or type(reply) == 'table'
    else
        return reply == 1
    end
end

local spare = journal.spare

for i = 1, tonumber(all_args[3]) do
    spare[i] = all_keys[i]
end

-- What waits in journals is taken first, and what expires does so, and neither
-- is taken back: no script has anything left to expire then, and finds in
-- journals only what is of these scripts. A scope's keys follow one another.

KEYS = all_keys

for i = #spare + 1, #all_keys do
    if string.find(all_keys[i], '^[^}]*}:chk') then
        local s, late = open(i, tonumber(all_args[2]))

        if late or s and not aged(s, tonumber(all_args[1])) then
            return 2
        end
    end
end

budget = huge

journal.forget()

-- a Redis that takes no writes says so before anything has been done

journal.call('SET', spare[1], '')
journal.call('UNLINK', spare[1])

local replies, key, arg = { 0 }, #spare, 4

for n = 1, tonumber(all_args[4]) do
    local name = all_args[arg + 1]
    local keys, args = tonumber(all_args[arg + 2]), tonumber(all_args[arg + 3])

    arg = arg + 3
    KEYS, ARGV = {}, {}

    for i = 1, keys do
        KEYS[i] = all_keys[key + i]
    end

    for i = 1, args do
        ARGV[i] = all_args[arg + i]
    end

    key, arg = key + keys, arg + args

    local fine, reply = pcall(scripts[name])

    if not fine then
        journal.undo()

        -- raised again, an error of Redis 7 would have another code, and one
        -- of Redis 6.2 no text

        return { err = type(reply) == 'table' and reply.err or reply }
    elseif not done(name, reply) then
        journal.undo()

        if reply == 2 and name ~= 'priorities' then
            return 2
        end

        return { n, reply }
    end

    replies[n + 1] = reply
end

journal.close()

return replies
