-- wrk script: what to send, and a result that a program can read.
--
-- in, environment variables:
--   BENCH_METHOD   request method
--   BENCH_BODY     file with the request body; absent: none
--   BENCH_PATHS    file with one path a line, sent in turn; absent: the URL's
--                  path, or, if BENCH_PREFIX is set, BENCH_PREFIX followed by
--                  a number that grows with every request
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

-- wrk calls `request` for every request if it exists when this file was
-- read; without it, it sends one prepared request and runs no Lua
if getenv("BENCH_PATHS") then
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
