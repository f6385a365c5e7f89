import MediaModel

/// What the key provider refused, and when it may be asked again: a provider that is away is not asked for every blob.
///
/// A value; time and chance come from outside. The delay after a failure doubles from ``delayMin`` to ``delayMax``, of
/// which each is a random part of the upper half, so that many processes do not come back at once.
struct KeyOutages {
    /// What a failure is about.
    enum Scope: Hashable {
        /// It does not answer, or asks for fewer calls: nothing else will work there either.
        case provider(KeyProviderPart)
        /// This key will not open.
        case key(EnvelopeKeyID)
        /// No new key can be made for the tenant.
        case epoch(Tenant)
    }

    private struct Failure {
        let error: any Error
        /// In a row.
        var count: Int
        var retryAt: Duration
    }

    static let delayMin = Duration.seconds(1)
    static let delayMax = Duration.seconds(30)

    private var failures: [Scope: Failure] = [:]

    /// One of the failures that last, that of making keys at all first; nil where there is none.
    var any: (any Error)? { (self.failures[.provider(.current)] ?? self.failures.values.first)?.error }

    /// What stands in the way of an attempt now; nil where one may be made.
    ///
    /// After a delay, whoever asks first may make the attempt: until it has ended, or another delay passed, the others
    /// still get the error.
    ///
    /// - Parameter part: of the provider, that will be asked.
    mutating func obstacle(
        to scope: Scope,
        of part: KeyProviderPart,
        at now: Duration,
        luck: Double
    ) -> (any Error)? {
        let scopes = [Scope.provider(part), scope]
        let standing = scopes.compactMap { self.failures[$0] }.first { now < $0.retryAt }
        if let standing { return standing.error }
        for scope in scopes {
            guard let failure = self.failures[scope] else { continue }
            self.failures[scope]?.retryAt = now + Self.delay(after: failure.count, luck: luck)
        }
        return nil
    }

    /// What went wrong last about the first of `scopes` about which something did.
    func reason(_ scopes: [Scope]) -> (any Error)? { scopes.lazy.compactMap { self.failures[$0]?.error }.first }

    mutating func failed(
        _ scope: Scope,
        of part: KeyProviderPart,
        _ error: any Error,
        at now: Duration,
        luck: Double
    ) {
        let isTransient = (error as? KeyError)?.code.isTransient == true
        let scope = isTransient ? .provider(part) : scope
        let count = (self.failures[scope]?.count ?? 0) + 1
        let retryAt = now + Self.delay(after: count, luck: luck)
        self.failures[scope] = Failure(error: error, count: count, retryAt: retryAt)
    }

    mutating func succeeded(_ scope: Scope, of part: KeyProviderPart) {
        self.failures[.provider(part)] = nil
        self.failures[scope] = nil
    }

    /// The key is no more.
    mutating func forget(_ key: EnvelopeKeyID) { self.failures[.key(key)] = nil }

    /// - Parameters:
    ///   - count: failures in a row, 1 or more.
    ///   - luck: 0 ... 1.
    static func delay(after count: Int, luck: Double) -> Duration {
        let most = count > 5 ? Self.delayMax : min(Self.delayMax, Self.delayMin * (1 << count))
        return most * (0.5 + luck / 2)
    }
}
