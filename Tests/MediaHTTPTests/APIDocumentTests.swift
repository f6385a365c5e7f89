import FoundationEssentials
import HTTPTypes
import MediaTesting
import NIOHTTP1
import Testing

@testable import MediaHTTP

/// docs/API.md says what the code does: the same problem types with the same status, the same paths and methods.
@Suite struct APIDocumentTests {
    struct Row: Hashable, CustomStringConvertible {
        let type: String
        let status: Int

        var description: String { "\(self.status) \(self.type)" }
    }

    /// One of each kind that is not in the table; see `everyProblemIsListedHere`.
    static let ofRequests: [Problem] = [
        .malformedRequest(.hostMissing), .fault(.invalidMethod), .fieldsTooLarge, .targetTooLong,
        .unsupportedTransferCoding, .unsupportedContentCoding,
        .expectationFailed, .unauthorized, .badSignature, .notFound(""), .methodNotAllowed(""), .badQuery(""),
        .preconditionFailed,
        .rangeNotSatisfiable(total: 0), .badIdempotencyKey, .badDigest, .uploadTimeout, .unexpectedContent,
        .jsonRequired,
        .badJSON(""), .bodyTooLarge(bytesMax: 0), .unknownService([]), .unknownOperation, .badOptions(""),
        .operationRunning,
    ]

    static let all =
        Array(ProblemTable.rows.values) + [ProblemTable.internalError, ProblemTable.clientGone] + ofRequests

    static func text(_ path: String) throws -> String {
        try String(contentsOf: SharedData.checkout.appending(path: path), encoding: .utf8)
    }

    @Test func everyProblemTypeIsDocumented() throws {
        let documented = try Self.text("docs/API.md").matches(of: /(?m)^\| `([^`]+)` \| ([0-9]{3}) \|/).map { match in
            let name = String(match.1)
            let type = name.hasPrefix("https:") ? name : Problem.typePrefix + name
            return Row(type: type, status: Int(match.2) ?? 0)
        }
        let real = Set(Self.all.map { Row(type: $0.type, status: $0.status.code) })
        #expect(real.subtracting(documented).map(\.description).sorted() == [], "not documented")
        #expect(Set(documented).subtracting(real).map(\.description).sorted() == [], "there is no such type")
        #expect(documented.count == Set(documented).count, "documented twice")
    }

    /// A type means one status, whoever uses it.
    @Test func everyTypeHasOneStatus() {
        for (type, problems) in Dictionary(grouping: Self.all, by: \.type) {
            #expect(Set(problems.map(\.status.code)).count == 1, "\(type)")
            #expect(Set(problems.map(\.title)).count == 1, "\(type)")
        }
    }

    /// Problems are made in two files only, and all those of one of them are in the list above.
    @Test func everyProblemIsListedHere() throws {
        let folder = SharedData.checkout.appending(path: "Sources/MediaHTTP")
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        #expect(names.count > 30)
        var makers: Set<String> = []
        for name in names where try Self.text("Sources/MediaHTTP/\(name)").contains(/[^a-zA-Z.]Problem\(/) {
            makers.insert(name)
        }
        #expect(makers == ["Problem+Requests.swift", "ProblemTable.swift"])
        let made = try Self.text("Sources/MediaHTTP/Problem+Requests.swift").matches(
            of: /Problem\(\s*code: "([a-z-]+)"/
        )
        #expect(made.map { String($0.1) }.sorted() == Self.ofRequests.map(\.code).sorted())
    }

    @Test func everyPathIsDocumentedWithItsMethods() throws {
        let id = "01jd3m8m9x0000000000000000"
        let targets = [
            "/v1/assets", "/v1/assets/\(id)", "/v1/assets/\(id)/versions", "/v1/assets/\(id)/versions/1",
            "/v1/assets/\(id)/latest", "/v1/assets/\(id)/reprocess", "/v1/assets/\(id)/undelete",
            "/a/\(id)/v1/thumbnail.webp", "/a/\(id)/latest/thumbnail.webp",
            "/a/\(id)/v1/original",
        ]
        let text = try Self.text("docs/API.md")
        let documented = text.matches(of: /(?m)^\| \[`([^`]+)`\]\(#[a-z]+\) \| `([A-Z, ]+)` \|/).map {
            "\($0.1) \($0.2)"
        }
        let real = targets.map { RequestTarget($0).route }.map { "\($0.template) \($0.allow)" }
        #expect(documented.sorted() == real.sorted())
        // A new case of `Route` must be thought of here.
        let cases = try Self.text("Sources/MediaHTTP/Route.swift").matches(of: /(?m)^    case [a-z]+\(/).count + 1
        #expect(Set(targets.map { String(describing: RequestTarget($0).route).prefix { $0 != "(" } }).count == cases)
    }
}
