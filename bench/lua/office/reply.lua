-- The Lua peer's responses. The contract's constant headers (OData-Version,
-- request-id, client-request-id, Cache-Control) come from add_header in
-- nginx.conf, which is the cheaper place.

local ngx = ngx
local print = ngx.print
local header = ngx.header

-- in: status, body
local function json(status, body)
    ngx.status = status
    header["Content-Length"] = #body
    print(body)
end

-- in: status, code and message of the API's error body, target or nil
local function failure(status, code, message, target)
    local cjson = require "cjson.safe"

    json(status, cjson.encode({ error = {
        code = code, message = message, target = target,
        innerError = { ["request-id"] = ngx.var.request_id },
    } }))
end

return { json = json, failure = failure }
