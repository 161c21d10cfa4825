-- The Lua peer's storage: one hash of rendered entities, two indexes.
--   lua:{default}:cfg       hash, id -> JSON
--   lua:{default}:created   sorted set, id by milliseconds since 1970
--   lua:{default}:priority  sorted set, id by priority
-- The socket's path is in the environment variable BENCH_REDIS_SOCKET.

local redis = require "nginx.redis"

local SERVER = "unix:" .. os.getenv("BENCH_REDIS_SOCKET")
local POOL = tonumber(os.getenv("BENCH_REDIS_POOL"))    -- connections
local IDLE = 60000                                      -- milliseconds
local TIMEOUT = 5000                                    -- milliseconds
local CFG = "lua:{default}:cfg"
local CREATED = "lua:{default}:created"
local PRIORITY = "lua:{default}:priority"

local null = ngx.null

local function connect()
    local red = redis:new()
    red:set_timeout(TIMEOUT)

    local ok, err = red:connect(SERVER)
    if not ok then
        return nil, err
    end

    return red
end

-- in: id, JSON, priority, milliseconds; out: true if stored, false if the id
-- exists, nil and an error if Redis failed. One round trip.
local function create(id, json, priority, ms)
    local red, err = connect()
    if not red then
        return nil, err
    end

    red:init_pipeline(3)
    red:hsetnx(CFG, id, json)
    red:zadd(CREATED, ms, id)
    red:zadd(PRIORITY, priority, id)

    local replies
    replies, err = red:commit_pipeline()
    if not replies then
        return nil, err
    end

    red:set_keepalive(IDLE, POOL)

    local added, n1, n2 = replies[1], replies[2], replies[3]

    if type(added) == "table" or type(n1) == "table"
       or type(n2) == "table"
    then
        return nil, "an error reply"
    end

    return added == 1
end

-- in: id; out: JSON, or false if there is none, or nil and an error
local function get(id)
    local red, err = connect()
    if not red then
        return nil, err
    end

    local json
    json, err = red:hget(CFG, id)
    if not json then
        return nil, err
    end

    red:set_keepalive(IDLE, POOL)

    return json ~= null and json
end

return { create = create, get = get }
