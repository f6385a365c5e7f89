package import MediaModel

/// What `KeyProvider` promises, a clause a case. An adapter's test runs every case on a provider of its own:
/// `@Test(arguments: KeyProviderContract.allCases)`.
package enum KeyProviderContract: String, CaseIterable, Sendable, CustomStringConvertible {
    case whatWasMadeOpens
    case whatWasWrappedOpens
    case noTwoKeysAreEqual
    case noTwoWrapsAreEqual
    case aWrapShowsNothingOfTheKey
    case aWrapIsNotTooLong
    case anotherIDIsAMismatch
    case anotherTenantIsAMismatch
    case namesDoNotRunTogether
    case namesOfAllKindsAreTaken
    case aChangedWrapIsRefused
    case aWrapUnderAnUnknownRootIsUnavailable
    case theCurrentRootIsTheOneThatWraps
    case wrapsOutliveTheProvider
    case callsMayBeMadeAtOnce
    case aNewRootWrapsFromNowOn
    case aRetiredRootOpensNothing
    case theCurrentRootIsNotRetired
    case aRootThatIsNotThereIsNotRetired
    case aFormerKeyThatIsNotThereIsUnavailable

    package var description: String { self.rawValue }

    /// - Parameters:
    ///   - provider: sound and at hand.
    ///   - reopen: the same root keys in a new instance, as after a restart of the process.
    package func check(_ provider: any KeyProvider, reopen: () async throws -> any KeyProvider) async throws {
        switch self {
        case .whatWasMadeOpens: try await Self.checkMade(provider)
        case .whatWasWrappedOpens: try await Self.checkWrapped(provider)
        case .noTwoKeysAreEqual: try await Self.checkKeysDiffer(provider)
        case .noTwoWrapsAreEqual: try await Self.checkWrapsDiffer(provider)
        case .aWrapShowsNothingOfTheKey: try await Self.checkSecrecy(provider)
        case .aWrapIsNotTooLong: try await Self.checkLength(provider)
        case .anotherIDIsAMismatch: try await Self.checkOtherID(provider)
        case .anotherTenantIsAMismatch: try await Self.checkOtherTenant(provider)
        case .namesDoNotRunTogether: try await Self.checkBorders(provider)
        case .namesOfAllKindsAreTaken: try await Self.checkNames(provider)
        case .aChangedWrapIsRefused: try await Self.checkChanged(provider)
        case .aWrapUnderAnUnknownRootIsUnavailable: try await Self.checkUnknownRoot(provider)
        case .theCurrentRootIsTheOneThatWraps: try await Self.checkCurrent(provider)
        case .wrapsOutliveTheProvider: try await Self.checkReopen(provider, reopen)
        case .callsMayBeMadeAtOnce: try await Self.checkConcurrency(provider)
        case .aNewRootWrapsFromNowOn: try await Self.checkRotation(provider, reopen)
        case .aRetiredRootOpensNothing: try await Self.checkRetirement(provider, reopen)
        case .theCurrentRootIsNotRetired: try await Self.checkCurrentStays(provider)
        case .aRootThatIsNotThereIsNotRetired: try await Self.checkNothingToRetire(provider)
        case .aFormerKeyThatIsNotThereIsUnavailable: try await Self.checkFormer(provider)
        }
    }
}

// MARK: - Wraps

extension KeyProviderContract {
    private static let id = EnvelopeKeyID("ek-1")
    private static let tenant = Tenant(name: "tenant-a")

    private static func checkMade(_ provider: any KeyProvider) async throws {
        let (key, wrapped) = try await provider.makeKey(Self.id, for: Self.tenant)
        try expect(key.id == Self.id, "a key that was made has the id that was asked for")
        try expect(Set(key.plain).count > 8, "a key that was made is random")
        let opened = try await provider.unwrap(wrapped, as: Self.id, for: Self.tenant)
        try expect(opened.id == Self.id && opened.plain == key.plain, "what was made opens to the same key")
    }

    private static func checkWrapped(_ provider: any KeyProvider) async throws {
        // Bytes that text, base64 and JSON could trip over.
        for bytes in [Array(0...31), .init(repeating: 0, count: 32), .init(repeating: 255, count: 32)] as [[UInt8]] {
            let key = EnvelopeKey(id: Self.id, bytes: bytes)
            let wrapped = try await provider.wrap(key, for: Self.tenant)
            let opened = try await provider.unwrap(wrapped, as: Self.id, for: Self.tenant)
            try expect(opened.id == Self.id && opened.plain == bytes, "what was wrapped opens to the same key")
        }
    }

    private static func checkKeysDiffer(_ provider: any KeyProvider) async throws {
        var keys: Set<[UInt8]> = []
        for _ in 0..<8 { keys.insert(try await provider.makeKey(Self.id, for: Self.tenant).key.plain) }
        try expect(keys.count == 8, "each key that is made is another, also under one id")
    }

    private static func checkWrapsDiffer(_ provider: any KeyProvider) async throws {
        let (key, first) = try await provider.makeKey(Self.id, for: Self.tenant)
        var wraps: Set<[UInt8]> = [first.bytes]
        for _ in 0..<7 { wraps.insert(try await provider.wrap(key, for: Self.tenant).bytes) }
        try expect(wraps.count == 8, "no two wraps of one key are equal")
    }

    private static func checkSecrecy(_ provider: any KeyProvider) async throws {
        for _ in 0..<4 {
            let (key, wrapped) = try await provider.makeKey(Self.id, for: Self.tenant)
            for start in stride(from: 0, to: EnvelopeKey.byteCount, by: 8) {
                let part = Array(key.plain[start..<start + 8])
                try expect(wrapped.bytes.firstRange(of: part) == nil, "no part of a key is in its wrap")
            }
        }
    }

    private static func checkLength(_ provider: any KeyProvider) async throws {
        let wrapped = try await provider.makeKey(Self.id, for: Self.tenant).wrapped
        let count = wrapped.bytes.count
        try expect((33...WrappedEnvelopeKey.bytesMax).contains(count), "a wrap has 33 bytes to 6144, not \(count)")
        let root = wrapped.rootKey.description.utf8
        try expect(
            (1...2048).contains(root.count) && root.allSatisfy { (0x21...0x7E).contains($0) },
            "a root key's id is 1 to 2048 printable characters"
        )
    }
}

// MARK: - What a wrap is bound to

extension KeyProviderContract {
    private static func checkOtherID(_ provider: any KeyProvider) async throws {
        let wrapped = try await provider.makeKey(Self.id, for: Self.tenant).wrapped
        for id in ["ek-2", "ek-", "ek-1.", "ek_1"] as [EnvelopeKeyID] {
            try await expectKeyError(.mismatch, "a wrap does not open as '\(id)'") {
                _ = try await provider.unwrap(wrapped, as: id, for: Self.tenant)
            }
        }
    }

    private static func checkOtherTenant(_ provider: any KeyProvider) async throws {
        let wrapped = try await provider.makeKey(Self.id, for: Self.tenant).wrapped
        for name in ["tenant-b", "tenant", "Tenant-a"] {
            try await expectKeyError(.mismatch, "a wrap does not open for '\(name)'") {
                _ = try await provider.unwrap(wrapped, as: Self.id, for: Tenant(name: name))
            }
        }
    }

    /// What is bound must not be the names one after the other.
    private static func checkBorders(_ provider: any KeyProvider) async throws {
        let wrapped = try await provider.makeKey(EnvelopeKeyID("ek-1"), for: Tenant(name: "2")).wrapped
        let others: [(EnvelopeKeyID, String)] = [
            ("ek-12", "2"), ("ek-", "12"), ("2", "ek-1"), ("ek-1", "2\",\"tenant\":\"2"),
        ]
        for (id, tenant) in others {
            try await expectKeyError(.mismatch, "a wrap does not open as '\(id)' of '\(tenant)'") {
                _ = try await provider.unwrap(wrapped, as: id, for: Tenant(name: tenant))
            }
        }
    }

    private static func checkNames(_ provider: any KeyProvider) async throws {
        let names = ["größe", "a b", "a\"b\\c/d", "\u{1F511}", String(repeating: "t", count: 64)]
        for name in names {
            let id = EnvelopeKeyID(stringLiteral: "ek_." + String(repeating: "0", count: 60))
            let (key, wrapped) = try await provider.makeKey(id, for: Tenant(name: name))
            let opened = try await provider.unwrap(wrapped, as: id, for: Tenant(name: name))
            try expect(opened.plain == key.plain, "a key of the tenant '\(name)' opens again")
        }
    }

    private static func checkChanged(_ provider: any KeyProvider) async throws {
        let wrapped = try await provider.makeKey(Self.id, for: Self.tenant).wrapped
        var changes = [[], Array(wrapped.bytes.dropLast()), wrapped.bytes + [0]]
        // The end alone: what a wrap begins with may name the root key, and then another error is right, too.
        for index in wrapped.bytes.indices.suffix(32) {
            var changed = wrapped.bytes
            changed[index] ^= 1
            changes.append(changed)
        }
        for bytes in changes {
            let changed = WrappedEnvelopeKey(rootKey: wrapped.rootKey, bytes: bytes)
            try await expectKeyError(.mismatch, "a wrap that was changed does not open") {
                _ = try await provider.unwrap(changed, as: Self.id, for: Self.tenant)
            }
        }
        _ = try await provider.unwrap(wrapped, as: Self.id, for: Self.tenant)
    }

    private static func checkUnknownRoot(_ provider: any KeyProvider) async throws {
        let wrapped = try await provider.makeKey(Self.id, for: Self.tenant).wrapped
        let lost = WrappedEnvelopeKey(rootKey: Self.unknown(like: wrapped.rootKey), bytes: wrapped.bytes)
        try await expectKeyError(.unavailable, "what was wrapped under a root key that is not there is unavailable") {
            _ = try await provider.unwrap(lost, as: Self.id, for: Self.tenant)
        }
    }

    /// An id of the same form that no root key has.
    private static func unknown(like root: RootKeyID) -> RootKeyID {
        RootKeyID(
            stringLiteral: String(root.description.dropLast(4)) + (root.description.hasSuffix("0000") ? "1111" : "0000")
        )
    }
}

// MARK: - The provider and its root keys

extension KeyProviderContract {
    private static func checkCurrent(_ provider: any KeyProvider) async throws {
        let current = try await provider.currentRoot()
        let (key, made) = try await provider.makeKey(Self.id, for: Self.tenant)
        let wrapped = try await provider.wrap(key, for: Self.tenant)
        try expect(made.rootKey == current && wrapped.rootKey == current, "the current root key wraps")
    }

    private static func checkReopen(
        _ provider: any KeyProvider,
        _ reopen: () async throws -> any KeyProvider
    ) async throws {
        let (key, wrapped) = try await provider.makeKey(Self.id, for: Self.tenant)
        let current = try await provider.currentRoot()
        let again = try await reopen()
        let opened = try await again.unwrap(wrapped, as: Self.id, for: Self.tenant)
        try expect(opened.plain == key.plain, "a wrap opens after a restart")
        try expect(try await again.currentRoot() == current, "the current root key is the same after a restart")
    }

    private static func checkConcurrency(_ provider: any KeyProvider) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask {
                    let id = EnvelopeKeyID("ek-\(number)")
                    let (key, wrapped) = try await provider.makeKey(id, for: Self.tenant)
                    let again = try await provider.wrap(key, for: Self.tenant)
                    for wrap in [wrapped, again] {
                        let opened = try await provider.unwrap(wrap, as: id, for: Self.tenant)
                        try expect(opened.plain == key.plain, "calls at once do not mix up keys")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func checkRotation(
        _ provider: any KeyProvider,
        _ reopen: () async throws -> any KeyProvider
    ) async throws {
        let (key, old) = try await provider.makeKey(Self.id, for: Self.tenant)
        guard let root = try await Self.rotated(provider) else { return }
        try expect(root != old.rootKey, "a new root key has another id")
        for provider in [provider, try await reopen()] {
            try expect(try await provider.currentRoot() == root, "a new root key is the current one")
            let wrapped = try await provider.wrap(key, for: Self.tenant)
            try expect(wrapped.rootKey == root, "a new root key wraps from now on")
            for wrap in [old, wrapped] {
                let opened = try await provider.unwrap(wrap, as: Self.id, for: Self.tenant)
                try expect(opened.plain == key.plain, "what was wrapped under \(wrap.rootKey) still opens")
            }
        }
    }

    private static func checkRetirement(
        _ provider: any KeyProvider,
        _ reopen: () async throws -> any KeyProvider
    ) async throws {
        let (key, old) = try await provider.makeKey(Self.id, for: Self.tenant)
        guard try await Self.rotated(provider) != nil else { return }
        let new = try await provider.wrap(key, for: Self.tenant)
        try await provider.retireRoot(old.rootKey)
        for provider in [provider, try await reopen()] {
            try await expectKeyError(.unavailable, "nothing opens under a root key that was retired") {
                _ = try await provider.unwrap(old, as: Self.id, for: Self.tenant)
            }
            let opened = try await provider.unwrap(new, as: Self.id, for: Self.tenant)
            try expect(opened.plain == key.plain, "what was wrapped anew opens after the retirement")
        }
    }

    private static func checkCurrentStays(_ provider: any KeyProvider) async throws {
        let (key, wrapped) = try await provider.makeKey(Self.id, for: Self.tenant)
        try await expectKeyError(.unsupported, "the current root key is not retired") {
            try await provider.retireRoot(wrapped.rootKey)
        }
        let opened = try await provider.unwrap(wrapped, as: Self.id, for: Self.tenant)
        try expect(opened.plain == key.plain, "the current root key still opens")
    }

    private static func checkNothingToRetire(_ provider: any KeyProvider) async throws {
        guard try await Self.rotated(provider) != nil else { return }
        let unknown = Self.unknown(like: try await provider.currentRoot())
        try await expectKeyError(.unavailable, "a root key that is not there cannot be retired") {
            try await provider.retireRoot(unknown)
        }
    }

    private static func checkFormer(_ provider: any KeyProvider) async throws {
        try await expectKeyError(.unavailable, "a former envelope key that is not there is unavailable") {
            _ = try await provider.formerEnvelopeKey(EnvelopeKeyID("never-there"))
        }
    }

    /// The new root key; nil where this provider's root keys are made elsewhere, which it must say of both operations.
    private static func rotated(_ provider: any KeyProvider) async throws -> RootKeyID? {
        do {
            return try await provider.rotateRoot()
        } catch let error as KeyError where error.code == .unsupported {
            let root = try await provider.currentRoot()
            try await expectKeyError(.unsupported, "a provider that makes no root keys retires none") {
                try await provider.retireRoot(root)
            }
            return nil
        }
    }
}

extension EnvelopeKey {
    /// The bytes, which are no secret in a test.
    package var plain: [UInt8] { self.withBytes { Array($0) } }
}

/// Throws a ``ContractViolation`` that names `claim` unless `body` throws a ``KeyError`` of that code.
private func expectKeyError(
    _ code: KeyError.Code,
    _ claim: String,
    _ body: () async throws -> Void
) async throws {
    do {
        try await body()
    } catch let error as KeyError {
        if error.code == code { return }
        throw ContractViolation("\(claim): expected \(code), found \(error) (\(error.detail))")
    } catch {
        throw ContractViolation("\(claim): expected a KeyError, found \(error)")
    }
    throw ContractViolation("\(claim): expected \(code), found no error")
}
