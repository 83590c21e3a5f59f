-- Claims in nginx: one script call a request. It checks less than firstcome does, and writes less
-- down.
local redis = require "nginx.redis"

local M = {}
local connections_max, idle_ms = 512, 60000
local source, digest, authorization, stock

function M.setup(script, key, coupons)
  local file = assert(io.open(script))
  source = file:read("*a")
  file:close()
  digest = ngx.sha1_bin(source):gsub(".", function(byte)
    return string.format("%02x", byte:byte())
  end)
  authorization = "Bearer " .. key
  stock = string.format("%d", coupons)
end

-- -> rank; or nil and what went wrong
local function run(host, port, tag, user)
  local connection = redis:new()
  local connected, err = connection:connect(host, port)
  if not connected then return nil, err end
  local users, issued, winners = tag .. ":users", tag .. ":issued", tag .. ":winners"
  local rank
  rank, err = connection:evalsha(digest, 3, users, issued, winners, user, stock)
  if not rank and err and err:sub(1, 8) == "NOSCRIPT" then
    rank, err = connection:eval(source, 3, users, issued, winners, user, stock)
  end
  if rank then connection:set_keepalive(idle_ms, connections_max) end
  return rank, err
end

local function reply(status, body)
  ngx.status = status
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

local function issued(campaign, rank, user)
  local code = ngx.encode_base64(ngx.hmac_sha1(authorization, campaign .. rank)):sub(1, 16)
  return '{"outcome":"issued","campaign":"' .. campaign .. '","rank":' .. rank .. ',"user":"' ..
         user .. '","nth":1,"code":"' .. code .. '","issued_at":' .. ngx.now() ..
         ',"expires_at":null}'
end

function M.claim(campaign, host, port)
  if ngx.var.http_authorization ~= authorization then return reply(401, '{"code":"no_key"}') end
  ngx.req.read_body()
  local user = string.match(ngx.req.get_body_data() or "", '^{%s*"user"%s*:%s*"([^"\\]+)"%s*}$')
  if not user then return reply(400, '{"code":"bad_body"}') end
  local rank = run(host, port, "{" .. campaign .. "}", user)
  if not rank then return reply(503, '{"code":"unavailable"}') end
  if rank == 0 then return reply(409, '{"code":"sold_out"}') end
  if rank == -1 then return reply(409, '{"code":"limit_reached"}') end
  reply(201, issued(campaign, rank, user))
end

return M
