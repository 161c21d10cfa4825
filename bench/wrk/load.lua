-- wrk script: what to send, and a result that a program can read.
--
-- in, environment variables:
--   BENCH_METHOD   request method
--   BENCH_BODY     file with the request body; absent: none
--   BENCH_BODIES   file with one request body a line, sent in turn: check-ins.
--                  In each YYYY-MM-DDThh:mm:ss is replaced by a time, a second
--                  later each time the file begins again, and every NNNNNNN by
--                  a number that grows
--   BENCH_TIME     the first of these times, in seconds since 1970
--   BENCH_SERIAL   what precedes the first of these numbers
--   BENCH_PATHS    file with one path a line, sent in turn; absent: the URL's
--                  path, or, if BENCH_PREFIX is set, BENCH_PREFIX followed by
--                  a number that grows with every request
--   BENCH_TOKEN    file with a bearer token; absent: none
--   BENCH_RESULT   file that gets the result
-- out, in BENCH_RESULT: one JSON object; times in microseconds

local getenv = os.getenv

local function slurp(name)
    local file = assert(io.open(name, "rb"))
    local data = file:read("*a")
    file:close()
    return data
end

wrk.method = getenv("BENCH_METHOD")

if getenv("BENCH_BODY") then
    wrk.body = slurp(getenv("BENCH_BODY"))
    wrk.headers["Content-Type"] = "application/json"
end

if getenv("BENCH_TOKEN") then
    wrk.headers["Authorization"] = "Bearer " .. slurp(getenv("BENCH_TOKEN"))
end

-- wrk calls `request` for every request if it exists when this file was
-- read; without it, it sends one prepared request and runs no Lua
if getenv("BENCH_BODIES") then
    local mark, serial = "YYYY-MM-DDThh:mm:ss", "NNNNNNN"
    local heads, tails, new, count, last = {}, {}, {}, 0, 0
    local second, stamp, number

    wrk.headers["Content-Type"] = "application/json"

    function init()
        for body in slurp(getenv("BENCH_BODIES")):gmatch("[^\n]+") do
            local whole = wrk.format(nil, nil, nil, body)
            local from, to = whole:find(mark, 1, true)

            count = count + 1
            heads[count] = whole:sub(1, from - 1)
            tails[count] = whole:sub(to + 1)
            new[count] = whole:find(serial, 1, true) ~= nil
        end

        last = count
        second = tonumber(getenv("BENCH_TIME")) - 1
        number = tonumber(getenv("BENCH_SERIAL"))
    end

    function request()
        last = last + 1

        if last > count then
            last, second = 1, second + 1
            stamp = os.date("!%Y-%m-%dT%H:%M:%S", second)
        end

        if new[last] then
            local digits

            number = number + 1
            digits = string.format("%07d", number % 10000000)

            return heads[last]:gsub(serial, digits) .. stamp .. tails[last]
        end

        return heads[last] .. stamp .. tails[last]
    end

elseif getenv("BENCH_PATHS") then
    local requests, count, last = {}, 0, 0

    function init()
        for path in slurp(getenv("BENCH_PATHS")):gmatch("[^\n]+") do
            count = count + 1
            requests[count] = wrk.format(nil, path)
        end
    end

    function request()
        last = last % count + 1
        return requests[last]
    end

elseif getenv("BENCH_PREFIX") then
    local head, tail, last

    function init()
        local mark = "@here@"
        local whole = wrk.format(nil, getenv("BENCH_PREFIX") .. mark)
        local from, to = whole:find(mark, 1, true)

        head, tail = whole:sub(1, from - 1), whole:sub(to + 1)
        last = os.time() % 1000000 * 10000000   -- not the warm-up's numbers
    end

    function request()
        last = last + 1
        return head .. string.format("%d", last) .. tail
    end
end

function done(summary, latency)
    local e = summary.errors
    local file = assert(io.open(getenv("BENCH_RESULT"), "w"))

    file:write(string.format(
        '{"requests":%d,"duration":%d,"bytes":%d,"p50":%d,"p99":%d,'
        .. '"errors":{"status":%d,"connect":%d,"read":%d,"write":%d,'
        .. '"timeout":%d}}\n',
        summary.requests, summary.duration, summary.bytes,
        latency:percentile(50), latency:percentile(99),
        e.status, e.connect, e.read, e.write, e.timeout))
    file:close()
end
