import FoundationEssentials
import HTTPTypes
import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@testable import MediaHTTP

/// `Idempotency-Key` and `Content-Digest`.
@Suite struct UploadFieldTests {
    static func fields(_ name: HTTPField.Name, _ lines: [String]) -> HTTPFields {
        var fields = HTTPFields()
        for line in lines { fields.append(HTTPField(name: name, value: line)) }
        return fields
    }

    @Test(arguments: [
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"), ("abc", "abc"), ("7", "7"),
        ("\"abc\"", "abc"), ("\"a b, c\"", "a b, c"), (#""a\"\\b""#, #"a"\b"#),
        ("a/b:c*~!#$%&'+.^_`|", "a/b:c*~!#$%&'+.^_`|"),
        (String(repeating: "k", count: 255), String(repeating: "k", count: 255)),
        ("\"\(String(repeating: "k", count: 255))\"", String(repeating: "k", count: 255)),
    ])
    func keysAreReadBareAndInQuotes(line: String, key: String) throws {
        #expect(try IdempotencyKeyField.read(Self.fields(.idempotencyKey, [line]))?.description == key)
    }

    @Test(arguments: [
        [""], ["\"\""], ["a b"], ["a,b"], ["a=="], ["\"a"], ["a\""], ["\"a\" b"], ["\"a\";p=1"], ["\"ä\""], ["ä"],
        ["\"a\\b\""], ["a", "a"], ["\"a\"", "b"], [String(repeating: "k", count: 256)],
        ["\"\(String(repeating: "k", count: 256))\""],
    ])
    func anythingElseIsNoKey(lines: [String]) {
        let problem = #expect(throws: Problem.self) {
            try IdempotencyKeyField.read(Self.fields(.idempotencyKey, lines))
        }
        #expect(problem?.code == "bad-idempotency-key")
        #expect(problem?.status == .badRequest)
    }

    @Test func noKeyIsNone() throws { #expect(try IdempotencyKeyField.read(HTTPFields()) == nil) }

    static let sha256 = [UInt8](repeating: 1, count: 32)
    static let sha512 = [UInt8](repeating: 2, count: 64)

    static func member(_ name: String, _ bytes: [UInt8]) -> String { "\(name)=:\(Data(bytes).base64EncodedString()):" }

    @Test func activeDigestsAreTakenFromEveryLine() throws {
        let lines = [Self.member("sha-256", Self.sha256), "md5=:YQ==:, \(Self.member("sha-512", Self.sha512))"]
        let digest = try #require(try ContentDigest(Self.fields(.contentDigest, lines)))
        #expect(digest.expected == [.sha256: Self.sha256, .sha512: Self.sha512])
    }

    /// Insecure ones prove nothing, unknown ones cannot be computed.
    @Test(arguments: [
        "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:", "sha=:YQ==:", "adler=:YQ==:", "crc32c=:YQ==:", "unixsum=1", "x=token",
        "sha-1=?1",
        "md5=:YQ==:, sha=:YQ==:", "",
    ])
    func otherAlgorithmsAreIgnored(line: String) throws {
        #expect(try ContentDigest(Self.fields(.contentDigest, [line])) == nil)
    }

    @Test(arguments: [
        ["sha-256"], ["sha-256=1"], ["sha-256=\"YQ==\""], ["sha-256=:YQ==:"], [Self.member("sha-256", Self.sha512)],
        [Self.member("sha-512", Self.sha256)], ["sha-256=YQ=="], ["SHA-256=:YQ==:"], ["nonsense nonsense"],
        [Self.member("sha-256", Self.sha256) + ","], [Self.member("sha-256", Self.sha256), "md5=:"],
        ["sha-256=:\(String(repeating: "*", count: 44)):"],
    ])
    func malformedFieldsAreRefused(lines: [String]) {
        let problem = #expect(throws: Problem.self) { try ContentDigest(Self.fields(.contentDigest, lines)) }
        #expect(problem?.code == "bad-digest")
        #expect(problem?.status == .badRequest)
    }

    @Test func everyDigestMustBeTheExpectedOne() throws {
        let body = Samples.bytes(1000)
        let right = [FakeDigests.member(.sha256, body), FakeDigests.member(.sha512, body)]
        let wrong = [FakeDigests.member(.sha256, body), FakeDigests.member(.sha512, body + [0])]
        for (lines, isRight) in [(right, true), (wrong, false), ([right[0]], true), ([wrong[1]], false)] {
            var running = try #require(try ContentDigest(Self.fields(.contentDigest, lines))).running(FakeDigests())
            running.update(Array(body.prefix(400)))
            running.update(Array(body.dropFirst(400)))
            if isRight {
                try running.check()
            } else {
                let error = #expect(throws: OriginError.self) { try running.check() }
                #expect(error?.code == .digestMismatch)
            }
        }
    }

    @Test func queriesAreStrict() throws {
        let page = try PageFields("cursor=7&limit=100", limitDefault: 20, limitMax: 100) { Int($0) }
        #expect(page.cursor == 7 && page.limit == 100)
        let empty = try PageFields("cursor=&limit=&", limitDefault: 20, limitMax: 100) { Int($0) }
        #expect(empty.cursor == nil && empty.limit == 20)
        let absent = try PageFields(nil, limitDefault: 20, limitMax: 100) { Int($0) }
        #expect(absent.cursor == nil && absent.limit == 20)
        for query: Substring in [
            "limit=0", "limit=101", "limit=x", "limit=1&limit=1", "cursor=x", "page=2", "limit=1&x=", "Limit=1", "=",
        ] {
            let problem = #expect(throws: Problem.self, "\(query)") {
                try PageFields(query, limitDefault: 20, limitMax: 100) { Int($0) }
            }
            #expect(problem?.code == "bad-query")
        }
    }
}
