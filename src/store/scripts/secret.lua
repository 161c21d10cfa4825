-- Reads the secret that the tokens of a tenant are sealed with; the first one
-- who asks for it makes it.
--
-- KEYS: the secret
-- ARGV: a new one

local secret = redis.call('GET', KEYS[1])

if not secret then
    redis.call('SETNX', KEYS[1], ARGV[1])
    secret = redis.call('GET', KEYS[1])
end

return secret
