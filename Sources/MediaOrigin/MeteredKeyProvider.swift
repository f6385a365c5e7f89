import MediaModel
import Metrics
import Synchronization

/// A key provider whose calls are timed and counted by what they were and how they ended, and which knows when one last
/// worked.
final class MeteredKeyProvider: KeyProvider {
    private enum Operation: String, CaseIterable {
        case makeKey = "make-key"
        case wrap
        case unwrap
        case currentRoot = "current-root"
        case rotateRoot = "rotate-root"
        case retireRoot = "retire-root"
        case formerEnvelopeKey = "former-envelope-key"
    }

    private let base: any KeyProvider
    private let clock: KeyClock
    private let success = Mutex<Duration?>(nil)

    init(_ base: any KeyProvider, clock: KeyClock) {
        self.base = base
        self.clock = clock
    }

    /// How long ago a call succeeded; nil: none did yet.
    var sinceSuccess: Duration? { self.success.withLock { $0 }.map { self.clock.uptime() - $0 } }

    func makeKey(
        _ id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> (key: EnvelopeKey, wrapped: WrappedEnvelopeKey) {
        try await self.count(.makeKey) { try await self.base.makeKey(id, for: tenant) }
    }

    func wrap(_ key: EnvelopeKey, for tenant: Tenant) async throws -> WrappedEnvelopeKey {
        try await self.count(.wrap) { try await self.base.wrap(key, for: tenant) }
    }

    func unwrap(
        _ wrapped: WrappedEnvelopeKey,
        as id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> EnvelopeKey {
        try await self.count(.unwrap) { try await self.base.unwrap(wrapped, as: id, for: tenant) }
    }

    func currentRoot() async throws -> RootKeyID {
        try await self.count(.currentRoot) { try await self.base.currentRoot() }
    }

    func rotateRoot() async throws -> RootKeyID {
        try await self.count(.rotateRoot) { try await self.base.rotateRoot() }
    }

    func retireRoot(_ id: RootKeyID) async throws {
        try await self.count(.retireRoot) { try await self.base.retireRoot(id) }
    }

    func formerEnvelopeKey(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        try await self.count(.formerEnvelopeKey) { try await self.base.formerEnvelopeKey(id) }
    }

    func part(opening key: EnvelopeKeyRecord) -> KeyProviderPart { self.base.part(opening: key) }

    private func count<Result>(_ operation: Operation, _ call: () async throws -> Result) async throws -> Result {
        let start = ContinuousClock.now
        defer { Self.timer(operation).record(duration: ContinuousClock.now - start) }
        do {
            let result = try await call()
            Self.counter(operation, "done").increment()
            self.success.withLock { $0 = self.clock.uptime() }
            return result
        } catch {
            let outcome = (error as? KeyError)?.code.description ?? "failed"
            Self.counter(operation, outcome).increment()
            throw error
        }
    }

    private static func timer(_ operation: Operation) -> Timer {
        Timer(label: "media_key_provider_call_duration_seconds", dimensions: [("operation", operation.rawValue)])
    }

    /// Made when it is needed: the calls are few, and most outcomes never come.
    private static func counter(_ operation: Operation, _ outcome: String) -> Counter {
        Counter(
            label: "media_key_provider_calls_total",
            dimensions: [("operation", operation.rawValue), ("outcome", outcome)]
        )
    }
}
