-- Requests of a kind (reset or change) to the instances of a fleet of so many, in turns.
local number_of_threads = 0

function setup(thread)
  thread:set("number", number_of_threads)
  number_of_threads = number_of_threads + 1
end

function init(arguments)
  local kind, size, threads = arguments[1], tonumber(arguments[2]), tonumber(arguments[3])
  local headers = { ["content-type"] = "application/json", ["x-auth-token"] = "emulator-token" }
  local first, second = "Redis-Example-2023", "Redis-Example-2024"
  local function request(instance, method, body)
    local path = string.format(
      "/v2/0123456789abcdef0123456789abcdef/instances/00000000-0000-4000-8000-%012d/password",
      instance
    )
    return wrk.format(method, path, headers, body)
  end
  requests = {}
  -- At most 500 for each thread, from all over the fleet; each thread has instances of its own, and
  -- comes back to one only long after it was answered.
  local count = math.max(1, math.min(500, math.floor(size / 2 / threads)))
  local step = math.floor(size / 2 / count / threads) * 2
  for _, old in ipairs({ first, second }) do
    local new = old == first and second or first
    for turn = 0, count - 1 do
      local instance = (turn * threads + number) * step
      if kind == "reset" then
        table.insert(requests, request(instance, "POST", '{"new_password":"' .. new .. '"}'))
      else
        local body = '{"old_password":"' .. old .. '","new_password":"' .. new .. '"}'
        table.insert(requests, request(instance + 1, "PUT", body))
      end
    end
  end
  turn = 0
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read
  wrong = wrong + summary.errors.write + summary.errors.timeout
  local seconds = summary.duration / 1000000
  io.write(string.format("RESULT %d %.0f %d\n", summary.requests, summary.requests / seconds, wrong))
end
