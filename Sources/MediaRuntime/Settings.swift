package import Logging
package import MediaModel

/// Everything that can be set, parsed and checked; built once at the start of a program by
/// ``load(flags:environment:configFile:for:)``.
///
/// A setting is added in two places: a property here with its default, and a row of ``table`` (Settings+Table.swift).
/// Parsing, `config show`, the flags' help and docs/CONFIGURATION.md follow from the row; the flag itself is one line
/// in SettingsOptions.swift, which a test compares with the table.
///
/// ## Configuration keys
/// See docs/CONFIGURATION.md, which is generated.
package struct Settings: Sendable {
    /// A listener's address. Port 0 means any free one.
    package struct Listener: Sendable, Hashable {
        package var host: String
        package var port: Int
    }

    /// What the public listener speaks TLS with; both or neither.
    package struct TLS: Sendable, Hashable {
        package var certificateFile: String?
        package var keyFile: String?
    }

    /// What one upload may take.
    package struct Upload: Sendable, Hashable {
        /// Of the picture itself, without multipart framing.
        package var bytesMax = 64 << 20
        /// From the first byte of the body to the last.
        package var timeout = Duration.seconds(120)
    }

    /// The processes that decode and encode.
    package struct Workers: Sendable, Hashable {
        package var count = Settings.coreCount
        /// Address space of one process, in bytes; 0 means no limit.
        package var memoryBytesMax = 2 << 30
        /// Jobs that one process may do before it is replaced; 0 means no limit.
        package var jobsMax = 1000
        /// Memory of its own that one process may hold between two jobs before it is replaced, in bytes; 0 means no
        /// limit.
        package var residentBytesMax = 128 << 20
        /// Pieces of the sandbox that a kernel may lack without the start being refused.
        package var sandboxMayLack: Set<SandboxPiece> = []
        /// Jobs that may wait for a worker; one more is refused.
        package var queueMax = 64
        /// Memory of the jobs that run at once, as estimated from their pictures' headers, in bytes.
        package var renderMemoryBytesMax = 512 << 20
        /// How long one job may take; with its wait, where somebody waits for it.
        package var renderDeadline = Duration.seconds(10)
        /// As given; ``Settings/workerPath`` is what counts.
        var pathGiven: String?
    }

    /// What is kept, and for how long.
    package struct Storage: Sendable, Hashable {
        /// Bytes of the disk that stay free; nil: 5 % of it, at most 1 GiB.
        package var freeBytesMin: Int?
        /// Sealed bytes that may be stored; nil: as many as there is room for.
        package var quotaBytes: Int?
        /// Versions that may be stored.
        package var quotaFiles: Int?
        /// How long a deleted asset can be taken back.
        package var deleteGrace = Duration.seconds(24 * 3600)
        /// How long the first of several commits may wait for others to share its sync.
        package var commitDelay = Duration.zero
        /// How fast stored blobs are read to see whether they are sound; 0 means not at all.
        package var scrubBytesPerSecond = 8 << 20
        /// From the start of one round through all blobs to that of the next, at least.
        package var scrubInterval = Duration.seconds(30 * 24 * 3600)
    }

    /// The keys that blobs are sealed under.
    package struct Keys: Sendable, Hashable {
        /// As given; ``Settings/keyRingPath`` is what counts.
        var ringPathGiven: String?
        /// The ring that a KMS has taken over from; nil: there is none, or nothing needs it any more.
        package var formerRingPath: String?
        /// How long one envelope key is used for new blobs.
        package var epoch = Duration.seconds(24 * 3600)
        /// How long an opened envelope key is used before its provider is asked again.
        package var softAge = Duration.seconds(3600)
        /// How long an opened envelope key is used while its provider cannot be asked.
        package var hardAge = Duration.seconds(24 * 3600)
    }

    /// A key management service that speaks AWS KMS's protocol, in place of the key ring.
    package struct KMS: Sendable, Hashable {
        /// Its key, by id, alias or ARN; nil: there is no KMS.
        package var keyID: String?
        package var region: String?
        /// No trailing slash; nil: AWS's own for the region.
        package var endpoint: String?
        package var accessKeyID: Secret?
        package var secretAccessKey: Secret?
        package var sessionToken: Secret?
        /// How long one call may take, with its retries.
        package var deadline = Duration.seconds(5)
    }

    /// Pictures that are made by signed URLs.
    package struct Recipes: Sendable, Hashable {
        /// The first signs; nil: no such URL is answered.
        package var signingKeys: [SigningKeyText]?
        /// How many of them a version may have kept.
        package var perVersionMax = 32
    }

    /// Who is told of changes to what caches may hold, and how.
    package struct Purge: Sendable, Hashable {
        /// At least one, the names are unique; nil: nobody is told.
        package var targets: [PurgeTargetText]?
        /// From a request's turn to the end of its answer.
        package var deadline = Duration.seconds(5)
        /// The longest pause after failures.
        package var retryMax = Duration.seconds(60)
        /// After a deletion targets are told a second time so much later; zero: once.
        package var rebound = Duration.seconds(30)
        /// How long a purge is tried.
        package var horizon = Duration.seconds(7 * 24 * 3600)
    }

    /// What the program's log looks like.
    package struct Log: Sendable, Hashable {
        /// How a line is written.
        package enum Format: String, Sendable, CaseIterable {
            case text
            case json
        }

        package var level = Logger.Level.info
        package var format = Format.text
        /// One request in so many has a line; 0: none.
        package var requestsEvery = 0
        /// How long an upload or a delivery may take before a line says what took how long; zero: there is none.
        package var slowRequest = Duration.seconds(5)
    }

    /// The public listener.
    package var http = Listener(host: "127.0.0.1", port: 8080)
    package var tls = TLS()
    /// The listener of `/metrics`, `/livez` and `/readyz`.
    package var admin = Listener(host: "127.0.0.1", port: 9090)
    /// The folder of the catalog and the blobs.
    package var dataDirectory = "./media-data"
    /// What the URLs of a manifest begin with; no trailing slash. Nil: they begin with `/a/`.
    package var publicBaseURL: String?
    /// Which tag fields deliveries have.
    package var cdnProfile = CDNProfile.portable
    package var upload = Upload()
    package var image = PictureLimits()
    package var workers = Workers()
    /// Finished renditions kept in memory, in bytes; 0 means none.
    package var cacheBytesMax = 256 << 20
    /// At least one; the names are unique.
    package var presets = Preset.defaults
    /// When set, `/v1` and originals need it as a bearer token; without it originals are not given out.
    package var apiToken: Secret?
    package var log = Log()
    package var trace = Trace()
    /// Whether what happens is counted.
    package var metricsEnabled = true
    /// Open connections on the public listener; one more waits in the kernel's queue.
    package var connectionsMax = 2048
    /// Of these, how many may come from one address (IPv6: one /64); one more is closed.
    package var connectionsPerAddressMax = 1536
    /// How long a connection may be silent between requests.
    package var httpIdleTimeout = Duration.seconds(30)
    /// From the first byte of a request's head to the last.
    package var httpHeadTimeout = Duration.seconds(10)
    /// How long a client may send or read too slowly.
    package var httpStallTimeout = Duration.seconds(10)
    /// What is too slow.
    package var httpBytesPerSecondMin = 1024
    /// How long connections are still taken after SIGTERM, while `/readyz` says 503.
    package var drainLead = Duration.zero
    /// How long requests in flight may take to finish after that.
    package var shutdownDeadline = Duration.seconds(30)
    /// Where `mediactl` finds the service; no trailing slash.
    package var originURL = "http://127.0.0.1:8080"
    package var storage = Storage()
    package var keys = Keys()
    package var kms = KMS()
    package var purge = Purge()
    /// What URLs at the CDN begin with, for pulling new ones through it; no trailing slash. Nil: nothing is pulled.
    package var warmBaseURL: String?
    package var recipes = Recipes()
    /// As given; ``controlSocketPath`` is what counts.
    var controlSocketGiven: String?

    /// Where each setting that is not a default came from, by key.
    var origins: [String: SettingSource.Name] = [:]

    /// The defaults.
    package init() {}

    /// Where the key ring is: `key.ring.path`, or `keys` in the data folder.
    package var keyRingPath: String { self.keys.ringPathGiven ?? "\(self.dataDirectory)/keys" }

    /// Where `mediactl` finds the running service of this data folder: `control.socket`, or `control.sock` in the data
    /// folder.
    package var controlSocketPath: String { self.controlSocketGiven ?? "\(self.dataDirectory)/control.sock" }

    /// The worker's executable: `worker.path`, or `mediaworker` beside this program's own.
    package var workerPath: String { self.workers.pathGiven ?? Self.pathBesideExecutable("mediaworker") }
}
