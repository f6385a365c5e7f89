import MediaModel
import MediaOrigin

/// Every setting there is, in the order that docs and `config show` have.
extension Settings {
    /// The fewest characters of `api.token`: 16 of 64 letters and digits are 96 bits.
    static let tokenCharactersMin = 16
    /// More presets than this are a mistake: each is made at every upload.
    static let presetsMax = 32
    /// Each gets a record of each change, written with it.
    static let purgeTargetsMax = 16
    /// Two while one takes over from the other.
    static let signingKeysMax = 2
    /// The fewest characters of a signing key: 32 hexadecimal digits are 128 bits.
    static let signingSecretBytesMin = 32
    /// A deadline beyond a day is none.
    private static let timeMax = Duration.seconds(24 * 3600)
    private static let bytesMax = 1 << 40
    /// What is kept for more than ten years is kept for ever.
    private static let ageMax = Duration.seconds(3660 * 24 * 3600)

    /// The row of a key.
    package static func setting(_ key: String) -> Setting? { Self.table.first { $0.key == key } }

    package static let table: [Setting] =
        listeners + storage + keys + kms + pictures + workerProcesses + delivery + purge + operation
        + observability

    private static let listeners = [
        Setting("http.host", \.http.host, .host, "Address of the public listener; not loopback needs `api.token`"),
        Setting("http.port", \.http.port, .port, "Port of the public listener"),
        Setting(
            optional: "tls.certificate.file",
            \.tls.certificateFile,
            .path,
            "PEM file of the certificate and what leads to its root; with it the public listener speaks TLS"
        ),
        Setting(
            optional: "tls.key.file",
            \.tls.keyFile,
            .path,
            "PEM file of the certificate's key, mode 0600, or 0640 where root owns it"
        ),
        Setting(
            "http.idle.timeout",
            \.httpIdleTimeout,
            .duration(.milliseconds(100)...timeMax),
            "How long a connection may be silent between two requests"
        ),
        Setting(
            "http.head.timeout",
            \.httpHeadTimeout,
            .duration(.milliseconds(100)...timeMax),
            "From the first byte of a request's head to the last"
        ),
        Setting(
            "http.stall.timeout",
            \.httpStallTimeout,
            .duration(.milliseconds(100)...timeMax),
            "How long a client may be slower than `http.bytes.per.second.min` before its connection is closed"
        ),
        Setting(
            "http.bytes.per.second.min",
            \.httpBytesPerSecondMin,
            .bytes(1...(1 << 30)),
            "The least that a client must send of a body, and read of an answer, in a second"
        ),
        Setting(
            "connections.max",
            \.connectionsMax,
            .number(1...1_000_000),
            "Open connections on the public listener"
        ),
        Setting(
            "connections.per.address.max",
            \.connectionsPerAddressMax,
            .number(1...1_000_000),
            "Of these, how many one address (IPv6: one /64) may have; more are closed"
        ),
        Setting("admin.host", \.admin.host, .host, "Address of the admin listener: loopback or a private network's"),
        Setting("admin.port", \.admin.port, .port, "Port of the admin listener (metrics and health)"),
        Setting(
            optional: "api.token",
            \.apiToken,
            .token(charactersMin: tokenCharactersMin),
            "When set, `/v1` and originals need `Authorization: Bearer` with it; without it there are no originals. "
                + "A variable or a file hides it better than a flag",
            isSecret: true
        ),
        Setting("origin.url", \.originURL, .baseURL, "Where `mediactl` finds the service"),
    ]

    private static let storage = [
        Setting("data.dir", \.dataDirectory, .path, "Folder of the catalog and the blobs"),
        Setting(
            optional: "control.socket",
            \.controlSocketGiven,
            .path,
            "Unix socket on which the service takes `mediactl`'s operations; at most 103 bytes",
            defaultText: "`control.sock` in `data.dir`",
            effective: \.controlSocketPath
        ),
        Setting(
            optional: "disk.free.min",
            \.storage.freeBytesMin,
            .bytes(0...bytesMax),
            "Bytes of the disk that stay free; uploads are refused before",
            defaultText: "5 % of the disk, at most 1GiB"
        ),
        Setting(
            optional: "quota.bytes",
            \.storage.quotaBytes,
            .bytes(1...(1 << 60)),
            "Sealed bytes that may be stored"
        ),
        Setting(
            optional: "quota.files",
            \.storage.quotaFiles,
            .number(1...1_000_000_000),
            "Versions that may be stored"
        ),
        Setting(
            "delete.grace",
            \.storage.deleteGrace,
            .duration(.zero...ageMax),
            "How long a deleted asset can be taken back"
        ),
        Setting(
            "commit.delay.max",
            \.storage.commitDelay,
            .duration(.zero...(.seconds(1))),
            "How long a commit waits for others to share its sync; 0ms: for none but those that queue meanwhile"
        ),
        Setting(
            "scrub.bytes.per.second",
            \.storage.scrubBytesPerSecond,
            .bytes(0...bytesMax),
            "How fast stored blobs are checked in the background; 0 means not at all"
        ),
        Setting(
            "scrub.interval",
            \.storage.scrubInterval,
            .duration(.zero...ageMax),
            "From one check of all blobs to the next, at least"
        ),
    ]

    private static let keys = [
        Setting(
            optional: "key.ring.path",
            \.keys.ringPathGiven,
            .path,
            "Where the key ring is; not read where `kms.key.id` is set",
            defaultText: "`keys` in `data.dir`",
            effective: \.keyRingPath
        ),
        Setting(
            optional: "key.ring.former.path",
            \.keys.formerRingPath,
            .path,
            "The key ring that the KMS of `kms.key.id` takes over from: opens what it wrapped, until `mediactl keys "
                + "rewrap` has moved that to the KMS; only read"
        ),
        Setting(
            "key.epoch",
            \.keys.epoch,
            .duration(.seconds(1)...EnvelopeKeyPolicy.ageMax),
            "How long an envelope key seals new blobs"
        ),
        Setting(
            "key.age.soft",
            \.keys.softAge,
            .duration(.seconds(1)...ageMax),
            "How long an opened envelope key is used before its provider is asked again"
        ),
        Setting(
            "key.age.hard",
            \.keys.hardAge,
            .duration(.seconds(1)...ageMax),
            "How long an opened envelope key is used while its provider is away"
        ),
    ]

    private static let kms = [
        Setting(
            optional: "kms.key.id",
            \.kms.keyID,
            .word,
            "A key of AWS KMS (id, alias or ARN) that wraps the envelope keys, in place of the key ring"
        ),
        Setting(optional: "kms.region", \.kms.region, .word, "Region of the KMS"),
        Setting(
            optional: "kms.endpoint",
            \.kms.endpoint,
            .baseURL,
            "Where the KMS is",
            defaultText: "AWS's for `kms.region`"
        ),
        Setting(
            optional: "kms.access.key.id",
            \.kms.accessKeyID,
            .token(charactersMin: 1),
            "Access key id for the KMS",
            isSecret: true
        ),
        Setting(
            optional: "kms.secret.access.key",
            \.kms.secretAccessKey,
            .token(charactersMin: 1),
            "Secret access key for the KMS; a variable or a file hides it better than a flag",
            isSecret: true
        ),
        Setting(
            optional: "kms.session.token",
            \.kms.sessionToken,
            .token(charactersMin: 1),
            "Session token of temporary credentials",
            isSecret: true
        ),
        Setting(
            "kms.deadline",
            \.kms.deadline,
            .duration(.milliseconds(10)...(.seconds(60))),
            "How long a call to the KMS may take, with its retries"
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
        Setting(
            "worker.jobs.max",
            \.workers.jobsMax,
            .number(0...1_000_000),
            "Pictures after which a worker is replaced; 0 means never"
        ),
        Setting(
            "worker.resident.max",
            \.workers.residentBytesMax,
            .bytes(0...bytesMax),
            "Memory of its own that a worker may hold between two pictures before it is replaced; 0 means any"
        ),
        Setting(
            "worker.sandbox.allow.missing",
            \.workers.sandboxMayLack,
            .sandboxPieces,
            "Pieces of the workers' sandbox without which to start where the kernel lacks them"
        ),
        Setting("queue.max", \.workers.queueMax, .number(0...100_000), "Pictures that may wait for a worker"),
        Setting(
            "render.memory.max",
            \.workers.renderMemoryBytesMax,
            .bytes((1 << 20)...bytesMax),
            "Memory of all pictures in work, as estimated from their headers; a larger one is worked on alone"
        ),
        Setting(
            "render.deadline",
            \.workers.renderDeadline,
            .duration(.milliseconds(1)...timeMax),
            "How long one picture may take, with its wait for a worker where a client waits for it"
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
            "cdn.profile",
            \.cdnProfile,
            .cdnProfile,
            "Whose fields tell the tags of a delivery; portable: `Cache-Tag` and `Surrogate-Key`"
        ),
        Setting(
            "cache.bytes.max",
            \.cacheBytesMax,
            .bytes(0...bytesMax),
            "Finished renditions kept in memory; 0 means none"
        ),
        Setting(
            optional: "url.signing.keys",
            \.recipes.signingKeys,
            .signingKeys(countMax: signingKeysMax),
            "Keys of signed URLs, each in a file; the first signs, all are known. Without one no such URL is answered"
        ),
        Setting(
            "url.signing.recipes.max",
            \.recipes.perVersionMax,
            .number(1...10_000),
            "Pictures that signed URLs may make of one version"
        ),
    ]

    private static let purge = [
        Setting(
            optional: "purge.targets",
            \.purge.targets,
            .purgeTargets(countMax: purgeTargetsMax),
            "Who is told when `latest` changes and when an asset is deleted"
        ),
        Setting(
            "purge.deadline",
            \.purge.deadline,
            .duration(.milliseconds(100)...(.seconds(60))),
            "How long a purge target may take to answer one request"
        ),
        Setting(
            "purge.retry.max",
            \.purge.retryMax,
            .duration(.seconds(1)...(.seconds(3600))),
            "The longest pause before a purge target that failed is tried again"
        ),
        Setting(
            "purge.rebound",
            \.purge.rebound,
            .duration(.zero...(.seconds(3600))),
            "How long after a deletion targets are told of it a second time, for what a cache was fetching at that "
                + "moment; 0ms: they are told once"
        ),
        Setting(
            "purge.horizon",
            \.purge.horizon,
            .duration(.seconds(60)...ageMax),
            "How long a purge is tried before it is given up"
        ),
        Setting(
            optional: "warm.base.url",
            \.warmBaseURL,
            .baseURL,
            "Where the CDN is: the service pulls its new URLs through it, and `mediactl warm` any"
        ),
    ]

    private static let operation = [
        Setting("log.level", \.log.level, .logLevel, "The least severe lines that are logged"),
        Setting("log.format", \.log.format, .logFormat, "How log lines are written"),
        Setting(
            "metrics.enabled",
            \.metricsEnabled,
            .yesOrNo,
            "Whether requests and what they cause are counted; `/metrics` has the process, caches and queues in any "
                + "case"
        ),
        Setting(
            "log.requests.every",
            \.log.requestsEvery,
            .number(0...1_000_000_000),
            "One request in so many has a line in the log, at the level info; 0: none"
        ),
        Setting(
            "drain.lead",
            \.drainLead,
            .duration(.zero...(.seconds(600))),
            "After SIGTERM, how long connections are still taken while `/readyz` says 503: as long as the checks of "
                + "a load balancer need to see it"
        ),
        Setting(
            "shutdown.deadline",
            \.shutdownDeadline,
            .duration(.milliseconds(100)...timeMax),
            "How long requests in flight may take after SIGTERM and `drain.lead`"
        ),
    ]
}
