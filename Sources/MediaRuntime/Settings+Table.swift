import MediaModel

/// Every setting there is, in the order that docs and `config show` have.
extension Settings {
    /// The fewest characters of `api.token`: 16 of 64 letters and digits are 96 bits.
    static let tokenCharactersMin = 16
    /// More presets than this are a mistake: each is made at every upload.
    static let presetsMax = 32
    /// A deadline beyond a day is none.
    private static let timeMax = Duration.seconds(24 * 3600)
    private static let bytesMax = 1 << 40

    /// The row of a key.
    package static func setting(_ key: String) -> Setting? { Self.table.first { $0.key == key } }

    package static let table: [Setting] = listeners + storage + pictures + workerProcesses + delivery + operation

    private static let listeners = [
        Setting("http.host", \.http.host, .host, "Address of the public listener; not loopback needs `api.token`"),
        Setting("http.port", \.http.port, .port, "Port of the public listener"),
        Setting(
            "http.idle.timeout",
            \.httpIdleTimeout,
            .duration(.milliseconds(100)...timeMax),
            "How long a connection may be silent"
        ),
        Setting(
            "connections.max",
            \.connectionsMax,
            .number(1...1_000_000),
            "Open connections on the public listener"
        ),
        Setting("admin.host", \.admin.host, .host, "Address of the admin listener: loopback or a private network's"),
        Setting("admin.port", \.admin.port, .port, "Port of the admin listener (metrics and health)"),
        Setting(
            optional: "api.token",
            \.apiToken,
            .token(charactersMin: tokenCharactersMin),
            "When set, `/v1` needs `Authorization: Bearer` with it; a variable or a file hides it better than a flag",
            isSecret: true
        ),
        Setting("origin.url", \.originURL, .baseURL, "Where `mediactl` finds the service"),
    ]

    private static let storage = [
        Setting("data.dir", \.dataDirectory, .path, "Folder of the catalog and the blobs"),
        Setting(
            optional: "key.ring.path",
            \.keyRingPathGiven,
            .path,
            "Where the key ring is",
            defaultText: "`keys` in `data.dir`",
            effective: \.keyRingPath
        ),
    ]

    private static let pictures = [
        Setting(
            "upload.bytes.max",
            \.upload.bytesMax,
            .bytes(1...bytesMax),
            "Bytes of one uploaded or converted picture"
        ),
        Setting(
            "upload.timeout",
            \.upload.timeout,
            .duration(.milliseconds(100)...timeMax),
            "From the first to the last byte of an upload"
        ),
        Setting("image.pixels.max", \.image.pixelsMax, .number(1...1_000_000_000_000), "Pixels of one frame"),
        Setting(
            "image.pixels.total.max",
            \.image.pixelsTotalMax,
            .number(1...1_000_000_000_000),
            "Pixels of all frames together"
        ),
        Setting("image.side.max", \.image.sideMax, .number(1...1_000_000), "Longest side, in pixels"),
        Setting("image.frames.max", \.image.framesMax, .number(1...1_000_000), "Frames of an animation"),
        Setting(
            "presets",
            \.presets,
            .presets(countMax: presetsMax),
            "What is made of every picture"
        ),
    ]

    private static let workerProcesses = [
        Setting(
            "workers",
            \.workers.count,
            .number(1...1024),
            "Processes that decode and encode",
            defaultText: "the number of cores"
        ),
        Setting(
            optional: "worker.path",
            \.workers.pathGiven,
            .path,
            "The worker's executable",
            defaultText: "`mediaworker` beside the program",
            effective: \.workerPath
        ),
        Setting(
            "worker.memory.max",
            \.workers.memoryBytesMax,
            .bytes(0...bytesMax),
            "Address space of one worker; 0 means no limit"
        ),
        Setting("queue.max", \.workers.queueMax, .number(0...100_000), "Pictures that may wait for a worker"),
        Setting(
            "render.deadline",
            \.workers.renderDeadline,
            .duration(.milliseconds(1)...timeMax),
            "How long one picture may take a worker"
        ),
    ]

    private static let delivery = [
        Setting(
            optional: "public.base.url",
            \.publicBaseURL,
            .baseURL,
            "What the URLs of a manifest begin with; without it they begin with `/a/`"
        ),
        Setting(
            "cache.bytes.max",
            \.cacheBytesMax,
            .bytes(0...bytesMax),
            "Finished renditions kept in memory; 0 means none"
        ),
    ]

    private static let operation = [
        Setting("log.level", \.log.level, .logLevel, "The least severe lines that are logged"),
        Setting("log.format", \.log.format, .logFormat, "How log lines are written"),
        Setting(
            "shutdown.deadline",
            \.shutdownDeadline,
            .duration(.milliseconds(100)...timeMax),
            "How long requests in flight may take after SIGTERM"
        ),
    ]
}
