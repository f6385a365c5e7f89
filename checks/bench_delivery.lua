-- Asks for one path with one condition, and prints what bench_delivery.py reads.

local path, etag

function init(arguments)
    path, etag = arguments[1], arguments[2]
    local headers = {}
    if etag then headers["If-None-Match"] = etag end
    request_text = wrk.format("GET", path, headers)
end

function request()
    return request_text
end

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(
        string.format(
            "RAN %d %d %d %d %d %d\n",
            summary.requests, summary.duration, failed,
            latency:percentile(50), latency:percentile(95), latency:percentile(99)
        )
    )
end
