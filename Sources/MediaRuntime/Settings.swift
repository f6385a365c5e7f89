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
        /// Jobs that may wait for a worker; one more is refused.
        package var queueMax = 64
        /// How long one job may run.
        package var renderDeadline = Duration.seconds(10)
        /// As given; ``Settings/workerPath`` is what counts.
        var pathGiven: String?
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
    }

    /// The public listener.
    package var http = Listener(host: "127.0.0.1", port: 8080)
    /// The listener of `/metrics`, `/livez` and `/readyz`.
    package var admin = Listener(host: "127.0.0.1", port: 9090)
    /// The folder of the catalog and the blobs.
    package var dataDirectory = "./media-data"
    /// What the URLs of a manifest begin with; no trailing slash. Nil: they begin with `/a/`.
    package var publicBaseURL: String?
    package var upload = Upload()
    package var image = PictureLimits()
    package var workers = Workers()
    /// Finished renditions kept in memory, in bytes; 0 means none.
    package var cacheBytesMax = 256 << 20
    /// At least one; the names are unique.
    package var presets = Preset.defaults
    /// When set, `/v1` needs it as a bearer token.
    package var apiToken: Secret?
    package var log = Log()
    /// Open connections on the public listener; one more waits in the kernel's queue.
    package var connectionsMax = 2048
    /// How long a connection may be silent.
    package var httpIdleTimeout = Duration.seconds(30)
    /// How long requests in flight may take to finish after SIGTERM.
    package var shutdownDeadline = Duration.seconds(30)
    /// Where `mediactl` finds the service; no trailing slash.
    package var originURL = "http://127.0.0.1:8080"
    /// As given; ``keyRingPath`` is what counts.
    var keyRingPathGiven: String?

    /// Where each setting that is not a default came from, by key.
    var origins: [String: SettingSource.Name] = [:]

    /// The defaults.
    package init() {}

    /// Where the key ring is: `key.ring.path`, or `keys` in the data folder.
    package var keyRingPath: String { self.keyRingPathGiven ?? "\(self.dataDirectory)/keys" }

    /// The worker's executable: `worker.path`, or `mediaworker` beside this program's own.
    package var workerPath: String { self.workers.pathGiven ?? Self.pathBesideExecutable("mediaworker") }
}
