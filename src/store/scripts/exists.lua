-- include lib/entity.lua
--
-- Looks for a configuration.
--
-- KEYS: configurations
-- ARGV: id; the name of the type of a cast or ""
--
-- Returns 1 if there is one, else 0.

local json = redis.call('HGET', KEYS[1], ARGV[1])

return json and of_type(json, ARGV[2]) and 1 or 0
