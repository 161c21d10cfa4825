-- POST .../clientConfigurations: read, decode, check, id, encode, store,
-- answer 201 with Location, ETag and the entity.

local cjson = require "cjson.safe"
local model = require "office.model"
local reply = require "office.reply"
local store = require "office.store"
local uuid7 = require "office.uuid7"

local ngx = ngx
local var = ngx.var
local header = ngx.header
local decode = cjson.decode
local encode = cjson.encode
local check = model.configuration
local failure = reply.failure
local json = reply.json
local put = store.create
local get_method = ngx.req.get_method
local read_body = ngx.req.read_body
local get_body_data = ngx.req.get_body_data
local get_body_file = ngx.req.get_body_file
local find, sub = string.find, string.sub
local type = type
local time = ngx.time
local now = ngx.now

cjson.decode_max_depth(32)
cjson.decode_invalid_numbers(false)

local stamp_second, stamp

-- out: the current time as RFC 3339, made once a second
local function timestamp()
    local second = time()

    if second ~= stamp_second then
        stamp_second = second
        stamp = os.date("!%Y-%m-%dT%H:%M:%SZ", second)
    end

    return stamp
end

-- out: the request body, from memory or from its temporary file
local function body()
    read_body()

    local data = get_body_data()
    if data then
        return data
    end

    local name = get_body_file()
    if not name then
        return ""
    end

    local file = io.open(name, "rb")
    data = file:read("*a")
    file:close()

    return data
end

return function ()
    if get_method() ~= "POST" then
        return failure(405, "methodNotAllowed", "Use POST.")
    end

    local media = var.content_type

    if media ~= "application/json"
       and not (media and find(media, "^application/json%s*;"))
    then
        return failure(415, "unsupportedMediaType", "Send application/json.")
    end

    local doc, err = decode(body())

    if type(doc) ~= "table" then
        return failure(400, "badRequest", err or "Send a JSON object.")
    end

    local bad = check(doc)
    if bad then
        return failure(400, "badRequest", "Correct this member.",
                       sub(bad, 2))
    end

    local id, ms = doc.id

    if id then
        if #id == 0 or #id > 256 or find(id, "%c") then
            return failure(400, "badRequest", "Correct the id.", "id")
        end
        ms = now() * 1000
    else
        id, ms = uuid7()
    end

    local root = var.scheme .. "://" .. var.http_host .. "/beta/"
    local etag = 'W/"' .. id .. '"'

    doc.id = id
    doc["@odata.context"] = root
            .. "$metadata#officeConfiguration/clientConfigurations/$entity"
    doc["@odata.etag"] = etag
    doc.lastModifiedDateTime = timestamp()

    if doc["@odata.type"] == nil then
        doc["@odata.type"] = "#microsoft.graph.officeClientConfiguration"
    end

    -- this cjson writes an empty array as {}; the seed's body has none
    local text = encode(doc)

    local stored
    stored, err = put(id, text, doc.priority, ms)

    if stored == nil then
        ngx.log(ngx.ERR, "redis: ", err)
        return failure(503, "serviceUnavailable", "Try again later.")
    end

    if not stored then
        return failure(409, "conflict", "The id exists.", "id")
    end

    header["Location"] = root .. "officeConfiguration/clientConfigurations/"
                         .. id
    header["ETag"] = etag

    return json(201, text)
end
