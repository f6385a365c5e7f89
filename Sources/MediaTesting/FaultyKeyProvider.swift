package import MediaModel
import Synchronization

/// A ``KeyProvider`` of which chosen calls fail.
package final class FaultyKeyProvider: KeyProvider {
    private struct State {
        var calls = 0
        var faults: FaultPlan?
        var error = KeyError(.unreachable, detail: "injected")
    }

    /// What does the work.
    package let base: FakeKeyProvider
    private let state = Mutex(State())

    package init(_ base: FakeKeyProvider = FakeKeyProvider()) { self.base = base }

    /// Lets calls fail from now on (the count starts anew); nil lets them work again. A failed call has no effect.
    package func inject(_ faults: FaultPlan?, error: KeyError = KeyError(.unreachable, detail: "injected")) {
        self.state.withLock { state in
            state.calls = 0
            state.faults = faults
            state.error = error
        }
    }

    /// Calls since the start, or since `inject`, those that failed included.
    package var calls: Int { self.state.withLock { $0.calls } }

    package func makeKey(
        _ id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> (key: EnvelopeKey, wrapped: WrappedEnvelopeKey) {
        try self.count()
        return try await self.base.makeKey(id, for: tenant)
    }

    package func wrap(_ key: EnvelopeKey, for tenant: Tenant) async throws -> WrappedEnvelopeKey {
        try self.count()
        return try await self.base.wrap(key, for: tenant)
    }

    package func unwrap(
        _ wrapped: WrappedEnvelopeKey,
        as id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> EnvelopeKey {
        try self.count()
        return try await self.base.unwrap(wrapped, as: id, for: tenant)
    }

    package func currentRoot() async throws -> RootKeyID {
        try self.count()
        return try await self.base.currentRoot()
    }

    package func rotateRoot() async throws -> RootKeyID {
        try self.count()
        return try await self.base.rotateRoot()
    }

    package func retireRoot(_ id: RootKeyID) async throws {
        try self.count()
        try await self.base.retireRoot(id)
    }

    package func formerEnvelopeKey(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        try self.count()
        return try await self.base.formerEnvelopeKey(id)
    }

    private func count() throws {
        try self.state.withLock { state in
            state.calls += 1
            if state.faults?.hits(state.calls) == true { throw state.error }
        }
    }
}
