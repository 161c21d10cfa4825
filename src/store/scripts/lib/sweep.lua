-- sweep(): looks for what belongs to nobody, a few records further. Returns
-- whether there are more.
local function sweep()
    local at = call('HGET', records, 'g')

    if not at then
        return false
    end

    local found = call('HSCAN', records, at, 'COUNT', 16)

    for i = 1, #found[2], 2 do
        local key, data = found[2][i], found[2][i + 1]

        if #key == KEY then
            local form = byte(data)
            local first = alive(sub(data, 2, 5))

            if not first or form >= 3 and not alive(sub(data, 7, 10)) then
                local tenant, own = parts(data)

                change(key, joined(tenant and alive(tenant.num) and tenant,
                                   own and alive(own.num) and own))
            end
        end
    end

    flush()

    if found[1] == '0' then
        call('HDEL', records, 'g')
        return false
    end

    call('HSET', records, 'g', found[1])

    return true
end
