-- Takes a check-in for a configuration that has a scope, and for the tenant: it
-- is noted in their journals.
--
-- KEYS: the journals of the configuration and of the tenant
-- ARGV: the key and the cutoff, then the check-in, as lib/checkin.lua says
--
-- Returns 1; 3 if it is time to take what is in the journals; 0 if there is no
-- such scope: nothing was done then.

local n = redis.call('RPUSHX', KEYS[1], ARGV[1], ARGV[2])

if n == 0 then
    return 0
end

local m = redis.call('RPUSH', KEYS[2], ARGV[1], ARGV[2])

return (n % 128 < 2 or m % 128 < 2) and 3 or 1
