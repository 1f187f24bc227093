-- Asks the bodies of a file one after the other, and says as JSON what came of it.
-- BODIES: a file with one body a line; PATH_: the path; TOKEN: a bearer token, or nothing.
local bodies = {}
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
local headers = { ["Content-Type"] = "application/json" }
local token = os.getenv("TOKEN")
if token and token ~= "" then headers["Authorization"] = "Bearer " .. token end
local prepared, at = {}, 0

init = function()
  for number, body in ipairs(bodies) do
    prepared[number] = wrk.format("POST", os.getenv("PATH_"), headers, body)
  end
end

request = function()
  at = at % #prepared + 1
  return prepared[at]
end

done = function(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%.1f,"p99":%.1f,"failed":%d,"broken":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
