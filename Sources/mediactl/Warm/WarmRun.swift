import MediaModel
import MediaPurging
import MediaRuntime

/// Pulls URLs, so many at a time.
struct WarmRun {
    let site: String
    let jobs: Int

    /// - Parameter said: called with each result as it comes, one after the other.
    func callAsFunction(_ paths: [String], _ said: (WarmResult) throws -> Void) async throws {
        let client = PurgeClient(deadline: CachePuller.deadline)
        let puller = CachePuller(site: self.site, client: client)
        try await withClosing {
            try await withThrowingTaskGroup(of: WarmResult.self) { group in
                for (index, path) in paths.enumerated() {
                    if index >= self.jobs, let result = try await group.next() { try said(result) }
                    group.addTask { try await Self.pull(path, with: puller) }
                }
                for try await result in group { try said(result) }
            }
        } close: {
            try? await client.shutdown()
        }
    }

    private static func pull(_ path: String, with puller: CachePuller) async throws -> WarmResult {
        let start = ContinuousClock.now
        do {
            let outcome = try await puller.pull(path)
            return WarmResult(path: path, outcome: outcome, time: ContinuousClock.now - start)
        } catch let error as CachePullError {
            return WarmResult(path: path, failure: error.description, time: ContinuousClock.now - start)
        }
    }
}

/// What came of one URL; as `--json` prints it.
struct WarmResult: Encodable, Sendable {
    let path: String
    /// `hit`, `miss`, `uncached`, `unknown` or `failed`.
    let outcome: String
    let milliseconds: Int
    let failure: String?

    init(path: String, outcome: CacheOutcome, time: Duration) {
        self.path = path
        self.outcome = outcome.rawValue
        self.milliseconds = Int(time / .milliseconds(1))
        self.failure = nil
    }

    init(path: String, failure: String, time: Duration) {
        self.path = path
        self.outcome = "failed"
        self.milliseconds = Int(time / .milliseconds(1))
        self.failure = failure
    }

    /// `miss 12 ms /a/…`
    var line: String {
        let line = "\(self.outcome) \(self.milliseconds) ms \(self.path)"
        return Printable.text(self.failure.map { "\(line): \($0)" } ?? line)
    }
}

/// What came of all.
struct WarmSummary: Encodable {
    private(set) var urls = 0
    private(set) var hit = 0
    private(set) var miss = 0
    private(set) var uncached = 0
    private(set) var unknown = 0
    private(set) var failed = 0

    mutating func count(_ result: WarmResult) {
        self.urls += 1
        switch CacheOutcome(rawValue: result.outcome) {
        case .hit: self.hit += 1
        case .miss: self.miss += 1
        case .uncached: self.uncached += 1
        case .unknown: self.unknown += 1
        case nil: self.failed += 1
        }
    }

    var line: String {
        "\(self.urls) URLs: \(self.hit) hit, \(self.miss) miss, \(self.uncached) uncached, \(self.unknown) unknown, "
            + "\(self.failed) failed"
    }
}
