import FoundationEssentials
import MediaTesting
import Testing

/// `mediactl sign`, which asks no service.
@Suite(.timeLimit(.minutes(5)))
struct MediactlSignTests {
    private static let folder = "/a/01jd3m8m9x0000000000000000"

    private static func environment(_ scratch: TemporaryFolder) throws -> [String: String] {
        try Data("0123456789abcdef0123456789abcdef".utf8).write(to: URL(filePath: scratch.path("k1")))
        return ["MEDIA_URL_SIGNING_KEYS": "k1:\(scratch.path("k1"))"]
    }

    @Test func theURLIsAllThatIsPrinted() async throws {
        let scratch = try TemporaryFolder()
        let environment = try Self.environment(scratch)
        let path = "\(Self.folder)/v1/w=640,h=480,fit=cover,q=75.webp"
        let run = try await MediactlRun(["sign", path], environment: environment)
        #expect(run.code == 0)
        #expect(run.errors.isEmpty)
        #expect(run.output.wholeMatch(of: /\/a\/.*\.webp\?sig=k1\.[A-Za-z0-9_-]{43}\n/) != nil, "\(run.output)")
        let base = ["MEDIA_PUBLIC_BASE_URL": "https://cdn.example.org"]
        let whole = try await MediactlRun(["sign", path], environment: environment.merging(base) { $1 })
        #expect(whole.output == "https://cdn.example.org\(run.output)")
    }

    @Test(arguments: [
        "v1/thumbnail.webp", "v1/w=640", "latest/w=640.webp", "v1/w=0.webp", "v1/original", "v1/w=640.png", "x",
    ])
    func whatCannotBeSignedEndsWith2(file: String) async throws {
        let scratch = try TemporaryFolder()
        let run = try await MediactlRun(["sign", "\(Self.folder)/\(file)"], environment: try Self.environment(scratch))
        #expect(run.code == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("OPTIONS"))
    }

    @Test func anotherSpellingIsToldTheRightOne() async throws {
        let scratch = try TemporaryFolder()
        let path = "\(Self.folder)/v1/q=75,h=480,w=640,effort=4.jpg"
        let run = try await MediactlRun(["sign", path], environment: try Self.environment(scratch))
        #expect(run.code == 2)
        #expect(run.errors.contains("\(Self.folder)/v1/w=640,h=480,q=75.jpg"))
    }

    @Test func withoutAKeyItSaysWhichSettingIsMissing() async throws {
        let run = try await MediactlRun(["sign", "\(Self.folder)/v1/w=640.webp"])
        #expect(run.code == 2)
        #expect(run.errors.contains("url.signing.keys"))
    }
}
