-- GET .../clientConfigurations/{id}: answer with what is stored, undecoded.

local reply = require "office.reply"
local store = require "office.store"

local ngx = ngx
local var = ngx.var
local sub = string.sub
local failure = reply.failure
local json = reply.json
local fetch = store.get

local FIRST = #"/beta/officeConfiguration/clientConfigurations/" + 1

return function ()
    local text, err = fetch(sub(var.uri, FIRST))

    if text then
        return json(200, text)
    end

    if text == nil then
        ngx.log(ngx.ERR, "redis: ", err)
        return failure(503, "serviceUnavailable", "Try again later.")
    end

    return failure(404, "notFound", "There is no such configuration.")
end
