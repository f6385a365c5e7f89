-- For wrk: asks for the paths of a file, one a line, in their order; `If-None-Match: *` where a word says so, which a
-- look-up answers without a body. Arguments: the file, the line to begin with, `unchanged` or `whole`.

local paths, at, headers = {}, 0, {}

function init(arguments)
    for line in io.lines(arguments[1]) do paths[#paths + 1] = line end
    at = tonumber(arguments[2])
    if arguments[3] == "unchanged" then headers["If-None-Match"] = "*" end
end

function request()
    at = at % #paths + 1
    return wrk.format("GET", paths[at], headers)
end

function done(summary)
    local errors = summary.errors
    io.write(string.format("RATE %d %d %d\n", summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
