-- For wrk: uploads one picture over and over, each time with other bytes in a comment, answered when it is durable.
-- Arguments: the picture's file, and a word that no other run has.

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

function init(arguments)
    local file = assert(io.open(arguments[1], "rb"))
    local picture = file:read("*a")
    file:close()
    start, rest = picture:sub(1, 2), picture:sub(3)
    word = arguments[2]
    sent = 0
    headers = {["Content-Type"] = "application/octet-stream", ["Prefer"] = "respond-async"}
end

function request()
    sent = sent + 1
    local comment = string.format("%s %04d %010d", word, number, sent)
    local length = #comment + 2
    -- A JPEG comment: marker FFFE, its length in two bytes, the text.
    local segment = "\255\254" .. string.char(math.floor(length / 256), length % 256) .. comment
    return wrk.format("POST", "/v1/assets", headers, start .. segment .. rest)
end

function done(summary)
    local errors = summary.errors
    io.write(string.format("RATE %d %d %d\n", summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
