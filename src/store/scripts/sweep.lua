-- include lib/records.lua
-- include lib/sweep.lua
--
-- Looks for records of check-ins that belong to nobody any more.
--
-- KEYS: the records
--
-- Returns 1 if there is more to look at, else 0.

records = KEYS[1]

return sweep() and 1 or 0
