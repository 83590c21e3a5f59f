-- wrk's requests: claims for one coupon each. Arguments: key, users (new|same), campaigns
-- (NAME, or NAME:COUNT for NAME-1 … NAME-COUNT in turn), prefix of the users.
local thread_number = 0

function setup(thread)
  thread:set("number", thread_number)
  thread_number = thread_number + 1
end

function init(args)
  headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. args[1]}
  same = args[2] == "same"
  local name, count = args[3]:match("^(.-):(%d+)$")
  paths = {}
  if name then
    for i = 1, tonumber(count) do paths[i] = "/v1/campaigns/" .. name .. "-" .. i .. "/claims" end
  else
    paths[1] = "/v1/campaigns/" .. args[3] .. "/claims"
  end
  prefix = args[4] .. "-" .. number .. "-"
  n = 0
end

function request()
  n = n + 1
  local user = same and "u" or (prefix .. n)
  return wrk.format("POST", paths[n % #paths + 1], headers, '{"user":"' .. user .. '"}')
end
