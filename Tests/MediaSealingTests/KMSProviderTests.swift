import Foundation
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// What needs no KMS.
@Suite struct KMSProviderTests {
    private static func provider(
        keyID: String = "alias/images",
        region: String = "eu-central-1",
        endpoint: String? = nil,
        credentials: AWSCredentials = KMSFaultTests.credentials
    ) throws -> KMSKeyProvider {
        try KMSKeyProvider(keyID: keyID, region: region, credentials: credentials, endpoint: endpoint)
    }

    @Test(arguments: [
        nil, "https://kms.example.com", "https://kms.example.com/", "https://10.0.0.1:8443", "https://[::1]:8443",
        "HTTPS://KMS.example.com", "http://127.0.0.1:5000", "http://localhost:5000/", "http://[::1]:5000",
    ])
    func anEndpointIsTaken(endpoint: String?) async throws { try await Self.provider(endpoint: endpoint).shutdown() }

    /// Keys are in the answers, so they go over TLS, or not beyond this machine.
    @Test(arguments: [
        "", "kms.example.com", "https://", "https:///", "https://kms.example.com/path", "https://kms.example.com?a=b",
        "https://user@kms.example.com", "https://kms.example.com:0", "https://kms.example.com:65536",
        "https://kms.example.com:", "https://kms.example.com:+1", "ftp://kms.example.com", "http://kms.example.com",
        "http://127.0.0.1.example.com", "http://127.0.0.1@example.com", "https://a b", "https://a\r\nHost: b",
    ])
    func anEndpointThatIsNoneIsRefused(endpoint: String) {
        let error = #expect(throws: KeyError.self) { try Self.provider(endpoint: endpoint) }
        #expect(error?.code == .unavailable)
    }

    @Test(arguments: ["", "a b", "a\n", "ä", String(repeating: "k", count: 2049)])
    func aNameThatIsNoneIsRefused(name: String) {
        #expect(throws: KeyError.self) { try Self.provider(keyID: name) }
        #expect(throws: KeyError.self) { try Self.provider(region: name) }
        let credentials = AWSCredentials(accessKeyID: name, secretAccessKey: "s")
        #expect(throws: KeyError.self) { try Self.provider(credentials: credentials) }
        let others = AWSCredentials(accessKeyID: "a", secretAccessKey: name)
        #expect(throws: KeyError.self) { try Self.provider(credentials: others) }
    }

    @Test func credentialsShowNoSecret() {
        let credentials = KMSFaultTests.credentials
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), "\([credentials])", dumped] {
            #expect(text.contains("AKIDEXAMPLE"))
            #expect(!text.contains(credentials.secretAccessKey) && !text.contains("session"))
        }
    }

    @Test func rootKeysAreMadeAndDestroyedInKMSAlone() async throws {
        try await KMSTests.withProvider(try Self.provider()) { provider in
            #expect(try await KMSFaultTests.error { try await provider.rotateRoot() }.code == .unsupported)
            let retired = try await KMSFaultTests.error { try await provider.retireRoot(RootKeyID("arn:1")) }
            #expect(retired.code == .unsupported)
            let former = try await KMSFaultTests.error { try await provider.formerEnvelopeKey(EnvelopeKeyID("k1")) }
            #expect(former.code == .unavailable && former.detail.contains("key ring"))
        }
    }
}

extension KMSTests {
    @Suite struct StateTests {
        private static let id = EnvelopeKeyID("ek-1")

        @Test func aDisabledKeyIsSaidToBe() async throws {
            let server = try #require(MotoServer.current)
            let arn = try await server.createKey()
            try await KMSTests.withProvider(try server.provider(keyID: arn)) { provider in
                #expect(try await provider.currentRoot().description == arn)
                _ = try await server.call("DisableKey", #"{"KeyId":"\#(arn.split(separator: "/")[1])"}"#)
                #expect(try await KMSFaultTests.error { try await provider.currentRoot() }.code == .disabled)
            }
        }

        @Test func aKeyThatIsNotThereIsUnavailable() async throws {
            let server = try #require(MotoServer.current)
            let arn = try await server.createKey().dropLast(4) + "0000"
            try await KMSTests.withProvider(try server.provider(keyID: String(arn))) { provider in
                #expect(try await KMSFaultTests.error { try await provider.currentRoot() }.code == .unavailable)
                let made = try await KMSFaultTests.error { try await provider.makeKey(Self.id, for: .default) }
                #expect(made.code == .unavailable)
            }
        }

        /// A key has three names; what is kept is its ARN, so that the name in the settings may change.
        @Test func aKeyIsKnownByItsIDAndByAnAlias() async throws {
            let server = try #require(MotoServer.current)
            let arn = try await server.createKey()
            let id = String(arn.split(separator: "/")[1])
            _ = try await server.call("CreateAlias", #"{"AliasName":"alias/images-\#(id)","TargetKeyId":"\#(id)"}"#)
            for name in [arn, id, "alias/images-\(id)"] {
                try await KMSTests.withProvider(try server.provider(keyID: name)) { provider in
                    let (key, wrapped) = try await provider.makeKey(Self.id, for: .default)
                    #expect(wrapped.rootKey.description == arn)
                    #expect(try await provider.unwrap(wrapped, as: Self.id, for: .default).plain == key.plain)
                }
            }
        }

        @Test func whatAnotherRootKeyWrappedOpensWhileThatIsThere() async throws {
            let server = try #require(MotoServer.current)
            let old = try await KMSTests.withProvider(try server.provider(keyID: try await server.createKey())) {
                try await $0.makeKey(Self.id, for: .default)
            }
            try await KMSTests.withProvider(try server.provider(keyID: try await server.createKey())) { provider in
                let key = try await provider.unwrap(old.wrapped, as: Self.id, for: .default)
                #expect(key.plain == old.key.plain)
                #expect(try await provider.wrap(key, for: .default).rootKey != old.wrapped.rootKey)
            }
        }

        @Test func aKilledKMSIsUnreachableWithinTheDeadline() async throws {
            let server = try await MotoServer.start()
            let arn = try await server.createKey()
            try await KMSTests.withProvider(try server.provider(keyID: arn)) { provider in
                let (_, wrapped) = try await provider.makeKey(Self.id, for: .default)
                try await server.kill()
                let start = ContinuousClock.now
                let error = try await KMSFaultTests.error {
                    try await provider.unwrap(wrapped, as: Self.id, for: .default)
                }
                #expect(error.code == .unreachable)
                // Refused connections need no waiting: far from the deadline.
                #expect(ContinuousClock.now - start < .seconds(60))
            }
        }
    }
}
