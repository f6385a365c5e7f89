// What the service says of itself, to logs and collectors.

extension Settings {
    /// Where traces go, and which.
    package struct Trace: Sendable, Hashable {
        /// Of a collector that takes OTLP/HTTP, without a slash at its end; nil: nothing is traced.
        package var endpoint: String?
        /// Header fields that the collector knows us by, which are secrets.
        package var headersFile: String?
        /// Of the traces that begin here.
        package var sampleRatio = 0.1
        /// Whether of the traces that began elsewhere those are recorded that the caller records.
        package var followsParents = true
        package var serviceName = "mediad"
    }

    static let observability = [
        Setting(
            "log.slow.request",
            \.log.slowRequest,
            .duration(.zero...(.seconds(3600))),
            "From which time on an upload or a delivery has a line in the log, at the level notice, that says what "
                + "took how long; 0ms: none has"
        ),
        Setting(
            optional: "trace.otlp.endpoint",
            \.trace.endpoint,
            .baseURL,
            "Collector of traces, by OTLP over HTTP: spans are posted to `/v1/traces` below it. Without it nothing is "
                + "traced"
        ),
        Setting(
            optional: "trace.otlp.headers.file",
            \.trace.headersFile,
            .path,
            "File of the header fields that the collector wants, such as its token: a line `Name: value` each. The "
                + "endpoint is then an https URL, or of this machine"
        ),
        Setting(
            "trace.sample.ratio",
            \.trace.sampleRatio,
            .ratio,
            "Part of the traces beginning here that are recorded; hits begin none"
        ),
        Setting(
            "trace.sample.parent",
            \.trace.followsParents,
            .choice("follow", "ignore"),
            "Whether `traceparent` says which requests are recorded; ignore: `trace.sample.ratio` does, for them too"
        ),
        Setting("trace.service.name", \.trace.serviceName, .word, "What the service is called at the collector"),
    ]

    var traceConflicts: [Conflict] {
        [
            rule(
                ["trace.otlp.headers.file", "trace.otlp.endpoint"],
                when: self.trace.headersFile != nil && self.trace.endpoint == nil,
                says: "trace.otlp.headers.file: nothing reads it while trace.otlp.endpoint is not set"
            ),
            rule(
                ["trace.otlp.headers.file", "trace.otlp.endpoint"],
                when: self.trace.headersFile != nil && self.trace.endpoint.map(BaseURL.isConfidential) == false,
                says: "trace.otlp.headers.file: trace.otlp.endpoint is neither an https URL nor of this machine, and "
                    + "who is on the way would read the secrets in that file; use https, or a collector on 127.0.0.1"
            ),
        ].compactMap { $0 }
    }
}

extension SettingKind where Value == Double {
    /// From 0 to 1, as `0`, `1` or `0.25`: six decimals at the most.
    static var ratio: Self {
        Self(
            expected: "a number from 0 to 1 as in 0, 0.05 or 1, with at most six decimals",
            format: { value in
                let millionths = Int((value * 1_000_000).rounded())
                guard millionths > 0, millionths < 1_000_000 else { return millionths == 0 ? "0" : "1" }
                var digits = String(1_000_000 + millionths).dropFirst()
                while digits.last == "0" { digits = digits.dropLast() }
                return "0.\(digits)"
            },
            read: { text in
                if text == "0" || text == "1" { return text == "1" ? 1 : 0 }
                let decimals = text.dropFirst(2)
                guard text.hasPrefix("0."), (1...6).contains(decimals.utf8.count),
                    decimals.utf8.allSatisfy({ (0x30...0x39).contains($0) })
                else { return nil }
                return Double(text)
            }
        )
    }
}

extension SettingKind where Value == Bool {
    /// One of two words.
    static func choice(_ yes: String, _ no: String) -> Self {
        Self(
            expected: "\(yes) or \(no)",
            format: { $0 ? yes : no },
            read: { [yes: true, no: false][$0] }
        )
    }
}
