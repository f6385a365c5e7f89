package import ArgumentParser

/// Flags that are settings. The property `httpPort` is the flag `--http-port` and the setting `http.port`; a test holds
/// that flags and table agree. No flag has a default: what is not given is looked for in the environment and the file.
package protocol SettingsFlags: ParsableArguments {}

extension SettingsFlags {
    /// What was given on the command line, by key; groups inside are included.
    package var values: [String: String] {
        var values: [String: String] = [:]
        for child in Mirror(reflecting: self).children {
            if let group = child.value as? any SettingsGroup {
                values.merge(group.values) { _, inner in inner }
            } else if let option = child.value as? Option<String?>, let text = option.wrappedValue,
                let name = child.label
            {
                values[Self.key(ofProperty: name)] = text
            }
        }
        return values
    }

    /// `_httpPort` (a wrapper's storage) is `http.port`.
    private static func key(ofProperty name: String) -> String {
        name.drop { $0 == "_" }.reduce(into: "") { $0 += $1.isUppercase ? ".\($1.lowercased())" : String($1) }
    }
}

/// A group of options that has settings in it.
private protocol SettingsGroup {
    var values: [String: String] { get }
}

extension OptionGroup: SettingsGroup where Value: SettingsFlags {
    fileprivate var values: [String: String] { self.wrappedValue.values }
}

/// `--config`, the one option that is no setting.
package struct ConfigFileOption: ParsableArguments {
    @Option(help: ArgumentHelp("A YAML or JSON file of settings.", valueName: "file"))
    package var config: String?

    package init() {}
}

/// The flags of `mediad serve` and of `mediactl config show`: every setting.
package struct SettingsOptions: SettingsFlags {
    @OptionGroup package var file: ConfigFileOption
    @OptionGroup package var service: ServiceOptions
    @OptionGroup package var engine: EngineOptions

    package init() {}

    /// The path given with `--config`.
    package var config: String? { self.file.config }
}

/// The settings of what turns pictures into renditions: the service and `mediactl convert` have them.
package struct EngineOptions: SettingsFlags {
    @Option(help: .setting("upload.bytes.max")) package var uploadBytesMax: String?
    @Option(help: .setting("image.pixels.max")) package var imagePixelsMax: String?
    @Option(help: .setting("image.pixels.total.max")) package var imagePixelsTotalMax: String?
    @Option(help: .setting("image.side.max")) package var imageSideMax: String?
    @Option(help: .setting("image.frames.max")) package var imageFramesMax: String?
    @Option(help: .setting("presets")) package var presets: String?
    @Option(help: .setting("workers")) package var workers: String?
    @Option(help: .setting("worker.path")) package var workerPath: String?
    @Option(help: .setting("worker.memory.max")) package var workerMemoryMax: String?
    @Option(help: .setting("worker.jobs.max")) package var workerJobsMax: String?
    @Option(help: .setting("worker.resident.max")) package var workerResidentMax: String?
    @Option(help: .setting("worker.sandbox.allow.missing")) package var workerSandboxAllowMissing: String?
    @Option(help: .setting("queue.max")) package var queueMax: String?
    @Option(help: .setting("render.memory.max")) package var renderMemoryMax: String?
    @Option(help: .setting("render.deadline")) package var renderDeadline: String?
    @Option(help: .setting("log.level")) package var logLevel: String?
    @Option(help: .setting("log.format")) package var logFormat: String?
    @Option(help: .setting("log.requests.every")) package var logRequestsEvery: String?

    package init() {}
}

/// The settings that the service alone has, and where its clients find it.
package struct ServiceOptions: SettingsFlags {
    @Option(help: .setting("http.host")) package var httpHost: String?
    @Option(help: .setting("http.port")) package var httpPort: String?
    @Option(help: .setting("tls.certificate.file")) package var tlsCertificateFile: String?
    @Option(help: .setting("tls.key.file")) package var tlsKeyFile: String?
    @Option(help: .setting("http.idle.timeout")) package var httpIdleTimeout: String?
    @Option(help: .setting("http.head.timeout")) package var httpHeadTimeout: String?
    @Option(help: .setting("http.stall.timeout")) package var httpStallTimeout: String?
    @Option(help: .setting("http.bytes.per.second.min")) package var httpBytesPerSecondMin: String?
    @Option(help: .setting("connections.max")) package var connectionsMax: String?
    @Option(help: .setting("connections.per.address.max")) package var connectionsPerAddressMax: String?
    @Option(help: .setting("admin.host")) package var adminHost: String?
    @Option(help: .setting("admin.port")) package var adminPort: String?
    @Option(help: .setting("metrics.enabled")) package var metricsEnabled: String?
    @OptionGroup package var client: ClientOptions
    @OptionGroup package var storage: StorageOptions
    @Option(help: .setting("disk.free.min")) package var diskFreeMin: String?
    @Option(help: .setting("quota.bytes")) package var quotaBytes: String?
    @Option(help: .setting("quota.files")) package var quotaFiles: String?
    @Option(help: .setting("delete.grace")) package var deleteGrace: String?
    @Option(help: .setting("commit.delay.max")) package var commitDelayMax: String?
    @Option(help: .setting("scrub.bytes.per.second")) package var scrubBytesPerSecond: String?
    @Option(help: .setting("scrub.interval")) package var scrubInterval: String?
    @Option(help: .setting("upload.timeout")) package var uploadTimeout: String?
    @OptionGroup package var signing: SigningOptions
    @Option(help: .setting("url.signing.recipes.max")) package var urlSigningRecipesMax: String?
    @Option(help: .setting("cdn.profile")) package var cdnProfile: String?
    @Option(help: .setting("cache.bytes.max")) package var cacheBytesMax: String?
    @Option(help: .setting("purge.deadline")) package var purgeDeadline: String?
    @Option(help: .setting("purge.retry.max")) package var purgeRetryMax: String?
    @Option(help: .setting("purge.rebound")) package var purgeRebound: String?
    @Option(help: .setting("purge.horizon")) package var purgeHorizon: String?
    @Option(help: .setting("warm.base.url")) package var warmBaseUrl: String?
    @Option(help: .setting("log.slow.request")) package var logSlowRequest: String?
    @OptionGroup package var tracing: TraceOptions
    @Option(help: .setting("drain.lead")) package var drainLead: String?
    @Option(help: .setting("shutdown.deadline")) package var shutdownDeadline: String?

    package init() {}
}

/// Where traces go.
package struct TraceOptions: SettingsFlags {
    @Option(help: .setting("trace.otlp.endpoint")) package var traceOtlpEndpoint: String?
    @Option(help: .setting("trace.otlp.headers.file")) package var traceOtlpHeadersFile: String?
    @Option(help: .setting("trace.sample.ratio")) package var traceSampleRatio: String?
    @Option(help: .setting("trace.sample.parent")) package var traceSampleParent: String?
    @Option(help: .setting("trace.service.name")) package var traceServiceName: String?

    package init() {}
}

/// The settings of whoever opens a data folder: the service, and `mediactl` where none runs.
package struct StorageOptions: SettingsFlags {
    @Option(help: .setting("data.dir")) package var dataDir: String?
    @Option(help: .setting("control.socket")) package var controlSocket: String?
    @Option(help: .setting("key.ring.path")) package var keyRingPath: String?
    @Option(help: .setting("key.ring.former.path")) package var keyRingFormerPath: String?
    @Option(help: .setting("key.epoch")) package var keyEpoch: String?
    @Option(help: .setting("key.age.soft")) package var keyAgeSoft: String?
    @Option(help: .setting("key.age.hard")) package var keyAgeHard: String?
    @Option(help: .setting("kms.key.id")) package var kmsKeyId: String?
    @Option(help: .setting("kms.region")) package var kmsRegion: String?
    @Option(help: .setting("kms.endpoint")) package var kmsEndpoint: String?
    @Option(help: .setting("kms.access.key.id")) package var kmsAccessKeyId: String?
    @Option(help: .setting("kms.secret.access.key")) package var kmsSecretAccessKey: String?
    @Option(help: .setting("kms.session.token")) package var kmsSessionToken: String?
    @Option(help: .setting("kms.deadline")) package var kmsDeadline: String?
    @Option(help: .setting("purge.targets")) package var purgeTargets: String?

    package init() {}
}

/// The settings of whoever signs URLs: the service knows them again.
package struct SigningOptions: SettingsFlags {
    @Option(help: .setting("public.base.url")) package var publicBaseUrl: String?
    @Option(help: .setting("url.signing.keys")) package var urlSigningKeys: String?

    package init() {}
}

/// The settings that a client of the service has. `--origin` and `--token` are what people type.
package struct ClientOptions: SettingsFlags {
    @Option(name: [.customLong("origin-url"), .customLong("origin")], help: .setting("origin.url"))
    package var originUrl: String?

    @Option(name: [.customLong("api-token"), .customLong("token")], help: .setting("api.token"))
    package var apiToken: String?

    package init() {}
}

/// Where `mediactl warm` pulls.
package struct WarmOptions: SettingsFlags {
    @Option(name: [.customLong("warm-base-url"), .customLong("through")], help: .setting("warm.base.url"))
    package var warmBaseUrl: String?

    package init() {}
}

extension ArgumentHelp {
    /// The help of a setting's flag, from the table.
    fileprivate static func setting(_ key: String) -> ArgumentHelp {
        guard let setting = Settings.setting(key) else { preconditionFailure("\(key) is not in the table of settings") }
        let standard = setting.defaultText.map { " (default: \($0))" } ?? ""
        let summary = (setting.summary + standard).filter { $0 != "`" }
        return ArgumentHelp(stringLiteral: "\(summary).")
    }
}
