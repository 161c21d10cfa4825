-- Looks for a configuration.
--
-- KEYS: configurations
-- ARGV: id
--
-- Returns 1 if there is one, else 0.

return redis.call('HEXISTS', KEYS[1], ARGV[1])
