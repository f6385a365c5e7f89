import MediaModel
import MediaSealing
import MediaTesting
import Testing

@Suite("KeyProvider's contract")
struct KeyProviderContractTests {
    @Test("is kept by a key ring", .timeLimit(.minutes(5)), arguments: KeyProviderContract.allCases)
    func isKeptByAKeyRing(_ clause: KeyProviderContract) async throws {
        let folder = try TemporaryFolder()
        let ring = try KeyRing.openOrCreate(folder.ring, mayCreate: true)
        try await clause.check(ring) { try KeyRing.open(folder.ring) }
    }

    @Test("is kept in memory", .timeLimit(.minutes(5)), arguments: KeyProviderContract.allCases)
    func isKeptInMemory(_ clause: KeyProviderContract) async throws {
        let provider = FakeKeyProvider()
        try await clause.check(provider) { FakeKeyProvider(roots: provider.roots.map(\.description)) }
    }
}

extension KMSTests {
    @Suite("KeyProvider's contract") struct ContractTests {
        @Test("is kept by AWS KMS", .timeLimit(.minutes(5)), arguments: KeyProviderContract.allCases)
        func isKeptByKMS(_ clause: KeyProviderContract) async throws {
            let server = try #require(MotoServer.current)
            let key = try await server.createKey()
            try await KMSTests.withProvider(try server.provider(keyID: key)) { provider in
                try await KMSTests.withProvider(try server.provider(keyID: key)) { again in
                    try await clause.check(provider) { again }
                }
            }
        }
    }
}
