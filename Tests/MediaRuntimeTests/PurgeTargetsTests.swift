import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@testable import MediaRuntime

/// From the text of the settings to targets with their secrets.
@Suite struct PurgeTargetsTests {
    private let scratch: TemporaryFolder

    init() throws { self.scratch = try TemporaryFolder() }

    private func file(_ text: String) throws -> String {
        let path = self.scratch.path("secret")
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    private func open(_ targets: String) async throws -> [PurgeTargetName] {
        let settings = try await load(flags: ["purge.targets": targets])
        let (targets, client) = try PurgeTargets(settings).open(signer: nil)
        await client?.close()
        return targets.map(\.name)
    }

    @Test func everyDriverIsMade() async throws {
        let token = try self.file("token\n")
        let secret = self.scratch.path("webhook")
        try Data("whsec_\(Data(Samples.bytes(24)).base64EncodedString())".utf8).write(to: URL(filePath: secret))
        let names = try await self.open(
            [
                "v:varnish,url=http://a.example", "c:cloudflare,zone=z,token-file=\(token)",
                "f:fastly,service=s,token-file=\(token)", "w:webhook,url=https://a.example,secret-file=\(secret)",
                "n:nginx,url=http://a.example:8082,rate=10",
                "a:cloudfront,distribution=E,key-id=AKID,key-file=\(token),session-file=\(token)",
            ].joined(separator: ";")
        )
        #expect(names.map(\.description) == ["v", "c", "f", "w", "n", "a"])
    }

    @Test func aFileMayHaveAList() async throws {
        let list = "purge:\n  targets:\n    - a:varnish,url=http://a.example\n    - b:varnish,url=http://b.example\n"
        let settings = try await load(file: list)
        #expect(settings.purge.targets?.map(\.name.description) == ["a", "b"])
    }

    @Test func noTargetsNeedNoClient() throws {
        let (targets, client) = try PurgeTargets(Settings()).open(signer: nil)
        #expect(targets.isEmpty)
        #expect(client == nil)
    }

    @Test(arguments: ["", "\n", "two words", "two\nlines", "t\u{E9}st", "\0"])
    func whatIsNoSecretStopsTheStart(text: String) async throws {
        let path = try self.file(text)
        let error = await #expect(throws: SettingsError.self) {
            try await self.open("c:fastly,service=s,token-file=\(path)")
        }
        #expect(error?.problems.map(\.key) == ["purge.targets"])
    }

    @Test(arguments: ["secret", "whsec_", "whsec_c2hvcnQ=", "whsec_###"])
    func aWebhooksSecretIsOneOfTheStandard(text: String) async throws {
        let path = try self.file(text)
        let error = await #expect(throws: SettingsError.self) {
            try await self.open("w:webhook,url=https://a.example,secret-file=\(path)")
        }
        #expect(error?.description.contains("whsec_ and the base64") == true)
        #expect(error?.description.contains("c2hvcnQ") == false)
    }

    @Test func blanksAroundASecretAreNotOfIt() throws {
        #expect(try SecretFile.read(self.file("\n  abc\r\n")) == "abc")
    }
}
