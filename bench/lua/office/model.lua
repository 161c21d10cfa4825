-- The Lua peer's type checks, as strict as the API's for create: unknown
-- properties, types, Int32 range, RFC 3339 dates, required members.
--
-- A check takes a decoded JSON value and returns nil if it is right, else the
-- rest of the path to the first wrong member ("" for the value itself).

local cjson = require "cjson.safe"

local null = cjson.null
local type = type
local next = next
local find = string.find
local floor = math.floor
local re_find = ngx.re.find

-- RFC 3339, section 5.6, with an offset
local DATE_TIME = [[^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T]]
                  .. [[(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?]]
                  .. [[(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$]]

local function string_value(v)
    if type(v) ~= "string" then
        return ""
    end
end

local function string_or_null(v)
    if v ~= null and type(v) ~= "string" then
        return ""
    end
end

local function boolean(v)
    if type(v) ~= "boolean" then
        return ""
    end
end

local function int32(v)
    if type(v) ~= "number" or v ~= floor(v)
       or v < -2147483648 or v > 2147483647
    then
        return ""
    end
end

local function date_time(v)
    if type(v) ~= "string" or not re_find(v, DATE_TIME, "ijo") then
        return ""
    end
end

-- in: element check; out: check of a JSON array (cjson gives 1..n)
local function collection(element)
    return function (v)
        if type(v) ~= "table" then
            return ""
        end

        local n = #v

        for i = 1, n do
            local bad = element(v[i])
            if bad then
                return "/" .. (i - 1) .. bad
            end
        end

        -- a JSON object has members that are no elements
        if next(v, n > 0 and n or nil) ~= nil then
            return ""
        end
    end
end

-- in: type name, table of member name -> check, array of required members,
--     whether null is allowed; out: check of a JSON object
local function object(name, members, required, nullable)
    local names = { [name] = true, ["#" .. name] = true }
    local nrequired = #required

    members["@odata.type"] = function (v)
        if not names[v] then
            return ""
        end
    end

    return function (v)
        if type(v) ~= "table" then
            if nullable and v == null then
                return
            end
            return ""
        end

        for k, member in next, v do
            local check = members[k]

            if check then
                local bad = check(member)
                if bad then
                    return "/" .. k .. bad
                end

            elseif type(k) ~= "string" then
                return ""       -- an array

            elseif not find(k, "@", 1, true) then
                return "/" .. k     -- unknown property
            end
        end

        for i = 1, nrequired do
            if v[required[i]] == nil then
                return "/" .. required[i]
            end
        end
    end
end

local status = object("microsoft.graph.officeClientCheckinStatus", {
    userPrincipalName = string_or_null,
    deviceName = string_or_null,
    devicePlatform = string_or_null,
    devicePlatformVersion = string_or_null,
    wasSuccessful = boolean,
    userId = string_value,
    checkinDateTime = date_time,
    errorMessage = string_or_null,
    appliedPolicies = collection(string_or_null),
}, { "userId", "wasSuccessful", "checkinDateTime" }, false)

local summary = object("microsoft.graph.officeUserCheckinSummary", {
    succeededUserCount = int32,
    failedUserCount = int32,
}, {}, true)

-- Not done here, which is in this peer's favour: "highest in use + 1" for an
-- absent priority (so it is required), derived types, inline assignments.
local configuration = object("microsoft.graph.officeClientConfiguration", {
    id = string_value,
    userPreferencePayload = string_or_null,
    policyPayload = string_or_null,
    description = string_or_null,
    displayName = string_or_null,
    priority = int32,
    lastModifiedDateTime = date_time,
    userCheckinSummary = summary,
    checkinStatuses = collection(status),
}, { "priority" }, false)

return { configuration = configuration }
