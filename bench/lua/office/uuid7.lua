-- UUID version 7 (RFC 9562, section 5.7), lower case.
-- Randomness comes from OpenSSL's RAND_bytes, which nginx already links, a
-- few kilobytes at a time.

local ffi = require "ffi"
local bit = require "bit"

ffi.cdef [[
int RAND_bytes(unsigned char *buf, int num);
]]

local C = ffi.C
local band, bor = bit.band, bit.bor
local floor = math.floor
local format = string.format
local now = ngx.now

local PER_ID = 5                    -- 16-bit words an id
local WORDS = PER_ID * 400
local words = ffi.new("uint16_t[?]", WORDS)
local bytes = ffi.cast("unsigned char *", words)
local used = WORDS

-- out: the id, 36 characters, and the time in it, milliseconds since 1970
return function ()
    if used == WORDS then
        if C.RAND_bytes(bytes, WORDS * 2) ~= 1 then
            error("RAND_bytes failed")
        end
        used = 0
    end

    local i = used
    used = i + PER_ID

    local ms = floor(now() * 1000)

    return format("%08x-%04x-7%03x-%04x-%04x%04x%04x",
                  floor(ms / 65536), ms % 65536,
                  band(words[i], 0x0fff),
                  bor(band(words[i + 1], 0x3fff), 0x8000),
                  words[i + 2], words[i + 3], words[i + 4]),
           ms
end
