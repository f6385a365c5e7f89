package import MediaModel
import Synchronization

/// A ``KeyProvider`` in memory, without any secrecy: what is wrapped is the key XOR a pad that everybody can compute.
///
/// Two with the same root keys open what the other wrapped, as two starts of one program do. It counts its calls, and
/// fails or waits when told to.
package final class FakeKeyProvider: KeyProvider {
    /// The operations of the port.
    package enum Operation: Hashable, Sendable, CaseIterable {
        case makeKey
        case wrap
        case unwrap
        case currentRoot
        case rotateRoot
        case retireRoot
        case formerEnvelopeKey
    }

    private struct State {
        /// The first wraps.
        var roots: [RootKeyID]
        var rotations = 0
        var failure: KeyError?
        var delay = Duration.zero
        var calls: [Operation: Int] = [:]
    }

    private static let saltBytes = 8

    private let state: Mutex<State>
    private let former: [EnvelopeKeyID: EnvelopeKey]

    /// - Parameters:
    ///   - roots: at least one; the first wraps, all open.
    ///   - former: what ``formerEnvelopeKey(_:)`` finds.
    package init(roots: [String] = ["fake-root"], former: [EnvelopeKey] = []) {
        precondition(!roots.isEmpty)
        self.state = Mutex(State(roots: roots.map { RootKeyID(stringLiteral: $0) }))
        self.former = Dictionary(uniqueKeysWithValues: former.map { ($0.id, $0) })
    }

    /// Every call throws this from now on; nil: none does any more.
    package func inject(_ failure: KeyError?) { self.state.withLock { $0.failure = failure } }

    /// Every call takes this long from now on. A cancelled caller gets `CancellationError`.
    package func setDelay(_ delay: Duration) { self.state.withLock { $0.delay = delay } }

    /// How often an operation was called, also in vain.
    package func calls(_ operation: Operation) -> Int { self.state.withLock { $0.calls[operation, default: 0] } }

    /// All calls together.
    package var callsInAll: Int { self.state.withLock { $0.calls.values.reduce(0, +) } }

    /// The root keys that open, the current one first.
    package var roots: [RootKeyID] { self.state.withLock { $0.roots } }

    package func makeKey(
        _ id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> (key: EnvelopeKey, wrapped: WrappedEnvelopeKey) {
        let root = try await self.enter(.makeKey)
        let key = EnvelopeKey(id: id, bytes: (0..<EnvelopeKey.byteCount).map { _ in UInt8.random(in: .min ... .max) })
        return (key, Self.wrap(key, for: tenant, under: root))
    }

    package func wrap(_ key: EnvelopeKey, for tenant: Tenant) async throws -> WrappedEnvelopeKey {
        Self.wrap(key, for: tenant, under: try await self.enter(.wrap))
    }

    package func unwrap(
        _ wrapped: WrappedEnvelopeKey,
        as id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> EnvelopeKey {
        _ = try await self.enter(.unwrap)
        guard self.roots.contains(wrapped.rootKey) else { throw Self.unavailable(wrapped.rootKey) }
        let salt = Array(wrapped.bytes.prefix(Self.saltBytes))
        let pad = Self.pad(salt, wrapped.rootKey, id, tenant)
        let bytes = zip(wrapped.bytes.dropFirst(Self.saltBytes), pad).map { $0 ^ $1 }
        guard bytes.count == EnvelopeKey.byteCount,
            wrapped.bytes.dropFirst(Self.saltBytes + EnvelopeKey.byteCount).elementsEqual(Self.check(bytes, pad))
        else { throw KeyError(.mismatch, detail: "not wrapped as '\(id)' of tenant '\(tenant)'") }
        return EnvelopeKey(id: id, bytes: bytes)
    }

    package func currentRoot() async throws -> RootKeyID { try await self.enter(.currentRoot) }

    package func rotateRoot() async throws -> RootKeyID {
        _ = try await self.enter(.rotateRoot)
        return self.state.withLock { state in
            state.rotations += 1
            let root = RootKeyID("\(state.roots[state.roots.count - 1])-\(state.rotations)")
            state.roots.insert(root, at: 0)
            return root
        }
    }

    package func retireRoot(_ id: RootKeyID) async throws {
        let current = try await self.enter(.retireRoot)
        guard id != current else { throw KeyError(.unsupported, detail: "'\(id)' is the current root key") }
        try self.state.withLock { state in
            guard let index = state.roots.firstIndex(of: id) else { throw Self.unavailable(id) }
            state.roots.remove(at: index)
        }
    }

    package func formerEnvelopeKey(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        _ = try await self.enter(.formerEnvelopeKey)
        guard let key = self.former[id] else { throw KeyError(.unavailable, detail: "no key '\(id)'") }
        return key
    }

    /// What every call begins with.
    ///
    /// - Returns: the current root key.
    private func enter(_ operation: Operation) async throws -> RootKeyID {
        let delay = self.state.withLock { state in
            state.calls[operation, default: 0] += 1
            return state.delay
        }
        if delay > .zero { try await Task.sleep(for: delay) }
        return try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.roots[0]
        }
    }

    private static func unavailable(_ root: RootKeyID) -> KeyError {
        KeyError(.unavailable, detail: "no root key '\(root)'")
    }

    private static func wrap(_ key: EnvelopeKey, for tenant: Tenant, under root: RootKeyID) -> WrappedEnvelopeKey {
        let salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: .min ... .max) }
        let pad = Self.pad(salt, root, key.id, tenant)
        let bytes = key.withBytes { Array($0) }
        let sealed = zip(bytes, pad).map { $0 ^ $1 }
        return WrappedEnvelopeKey(rootKey: root, bytes: salt + sealed + Self.check(bytes, pad))
    }

    private static func pad(_ salt: [UInt8], _ root: RootKeyID, _ id: EnvelopeKeyID, _ tenant: Tenant) -> [UInt8] {
        FakeSealing.digest(salt + Array("\(root)/\(tenant)/\(id)".utf8)).bytes
    }

    private static func check(_ bytes: [UInt8], _ pad: [UInt8]) -> [UInt8] {
        Array(FakeSealing.digest(pad + bytes).bytes.prefix(16))
    }
}
