import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaRuntime

/// From the text of the settings to what signs, with its secrets.
@Suite struct SigningKeysTests {
    private let scratch: TemporaryFolder

    init() throws { self.scratch = try TemporaryFolder() }

    private func key(_ id: String, _ secret: String) throws -> String {
        try Data(secret.utf8).write(to: URL(filePath: self.scratch.path(id)))
        return "\(id):\(self.scratch.path(id))"
    }

    private func signer(_ keys: String) async throws -> RecipeSigner {
        try #require(try await load(flags: ["url.signing.keys": keys], for: .client).recipeSigner())
    }

    @Test func withoutAKeyNothingSigns() throws {
        #expect(try Settings().recipeSigner() == nil)
    }

    /// The MAC was made by OpenSSL: `printf 'image-origin recipe v1\n/a/…' | openssl dgst -sha256 -hmac 0123…`, as
    /// base64url.
    @Test func aSignatureIsWhatTheDocumentationSays() async throws {
        let signer = try await self.signer(try self.key("k1", "0123456789abcdef0123456789abcdef\n"))
        let path = try #require(DeliveryPath("/a/01jd3m8m9x0000000000000000/v1/w=640,h=480,fit=cover,q=75.webp"))
        #expect(try signer.signed(path) == "\(path)?sig=k1.RCi_8N3vKl1lrh837EBDpRbs9hrDaoqrjiuh-a2CkcE")
    }

    @Test func theFirstSignsAndBothAreKnown() async throws {
        let old = try self.key("old", String(repeating: "a", count: 32))
        let new = try self.key("new", String(repeating: "b", count: 64))
        let both = try await self.signer("\(new);\(old)")
        let path = try #require(DeliveryPath("/a/01jd3m8m9x0000000000000000/v1/w=1.webp"))
        let byOld = try await self.signer(old).signed(path)
        let byBoth = try both.signed(path)
        #expect(byBoth.contains("sig=new."))
        for url in [byOld, byBoth] { #expect(try both.accepts(path, query: url.split(separator: "?").last)) }
        let alone = try await self.signer(new)
        #expect(!(try alone.accepts(path, query: byOld.split(separator: "?").last)))
    }

    @Test(arguments: ["", "\n", "0123456789abcdef0123456789abcde", "two words that are long enough for a key", "\0"])
    func whatIsNoSecretStopsTheStart(text: String) async throws {
        let key = try self.key("k1", text)
        let error = await #expect(throws: SettingsError.self) { try await self.signer(key) }
        let problem = try #require(error?.problems.first)
        #expect(problem.key == "url.signing.keys")
        #expect(problem.description.contains("k1") && problem.description.contains("expected"))
        #expect(text.count < 5 || !problem.description.contains(text))
    }

    @Test func aFileThatIsNotThereStopsTheStart() async throws {
        let error = await #expect(throws: SettingsError.self) {
            try await self.signer("k1:\(self.scratch.path("nothing"))")
        }
        #expect(error?.problems.map(\.key) == ["url.signing.keys"])
    }
}
