import Testing

@testable import MediaHTTP

@Suite struct SimpleHeadTests {
    static let path = "/a/01jd3m8m9x0000000000000000/v1/thumbnail.webp"

    static func read(_ text: String) -> SimpleHead.Outcome { Array(text.utf8).withUnsafeBytes(SimpleHead.read) }

    static func head(_ fields: String..., line: String = "GET \(path) HTTP/1.1") -> String {
        ([line, "Host: a"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// The target and the value of If-None-Match, as they stand there.
    static func found(_ text: String) throws -> (head: SimpleHead, target: String, ifNoneMatch: String?) {
        guard case .request(let head) = Self.read(text) else {
            throw RawText(description: "\(Self.read(text)): \(text.debugDescription)")
        }
        let bytes = Array(text.utf8)
        return (
            head, String(decoding: bytes[head.target], as: UTF8.self),
            head.ifNoneMatch.map { String(decoding: bytes[$0], as: UTF8.self) }
        )
    }

    struct RawText: Error, CustomStringConvertible { let description: String }

    @Test func aPlainRequestIsRead() throws {
        let text = Self.head("User-Agent: wrk", "Accept: */*", "X-Forwarded-For: ::1")
        let (head, target, condition) = try Self.found(text + "GET / HTTP/1.1\r\n")
        #expect(target == Self.path)
        #expect(condition == nil)
        #expect(head.isPlain && !head.isHead)
        #expect(head.length == text.utf8.count)
    }

    @Test func aHeadIsOne() throws {
        #expect(try Self.found(Self.head(line: "HEAD \(Self.path) HTTP/1.1")).head.isHead)
    }

    @Test func theConditionIsFoundInAnySpelling() throws {
        for field in ["If-None-Match: \"x\"", "if-none-match:\"x\"", "IF-NONE-MATCH: \t \"x\" \t"] {
            let found = try Self.found(Self.head(field))
            #expect(found.ifNoneMatch == "\"x\"")
            #expect(found.head.isPlain)
        }
    }

    /// What the request is called is known without the long way.
    @Test func aRequestIDIsFoundInAnySpelling() throws {
        for field in ["X-Request-Id: a-1", "x-request-id:a-1", "X-REQUEST-ID: \ta-1 "] {
            let text = Self.head(field)
            let head = try Self.found(text).head
            let id = try #require(head.requestID)
            #expect(head.isPlain && String(decoding: Array(text.utf8)[id], as: UTF8.self) == "a-1")
        }
        for field in ["X-Request-Id: a b", "X-Request-Id: \"", "X-Request-Id:", "X-Request-Id: a\r\nX-Request-Id: b"] {
            #expect(try !Self.found(Self.head(field)).head.isPlain, "\(field)")
        }
        #expect(try Self.found(Self.head("X-Request-Ix: a")).head.requestID == nil)
    }

    @Test func aCallersTraceIsSeen() throws {
        let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"
        for flag in "13579bdf" { #expect(try Self.found(Self.head(parent + "\(flag)")).head.isTraced, "\(flag)") }
        for flag in "02468ace" { #expect(try !Self.found(Self.head(parent + "\(flag)")).head.isTraced, "\(flag)") }
        #expect(try !Self.found(Self.head(parent)).head.isTraced)
        #expect(try Self.found(Self.head(parent + "1")).head.isPlain)
    }

    /// The long way it would begin a trace, and a hit begins none. The tracer's own tests have the same list.
    @Test(arguments: [
        "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-01-",
        "00-\(trace)-\(span)-01-x", "ff-\(trace)-\(span)-01", "0g-\(trace)-\(span)-01", "00-\(trace)-\(span)-x1",
        "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-\(span)-01", "00-\(trace)-00F067AA0BA902B7-01", "00-\(trace)-\(span)-0B",
        "00_\(trace)_\(span)_01", "00-\(trace)\(span)--01", "00-\(trace)x-\(span)-01",
        "00-\(trace.dropLast())-\(span)-011", "01-\(trace)-\(span)-01x",
        "00-\(trace)-\(span)-01\r\ntraceparent: 00-\(trace)-\(span)-01",
    ])
    func whatIsNoTraceparentIsNoTrace(value: String) throws {
        let head = try Self.found(Self.head("traceparent: \(value)")).head
        #expect(!head.isTraced && head.isPlain)
    }

    @Test(arguments: ["00-\(trace)-\(span)-01", "cc-\(trace)-\(span)-03", "01-\(trace)-\(span)-01-more"])
    func whatIsOneIs(value: String) throws {
        #expect(try Self.found(Self.head("traceparent: \(value)")).head.isTraced)
    }

    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"

    /// Answered by the long way, one request at a time.
    @Test(arguments: [
        "Range: bytes=0-0", "If-Match: \"x\"", "If-Range: \"x\"", "If-Unmodified-Since: x", "If-Modified-Since: x",
        "rAnGe: bytes=0-0", "Authorization: x", "Content-Type: x", "Content-Encoding: gzip",
        "If-None-Match: \"x\"\r\nIf-None-Match: \"y\"",
    ])
    func moreThanALookIsNotPlain(field: String) throws {
        #expect(try !Self.found(Self.head(field)).head.isPlain)
    }

    @Test func aDateBesideATagDoesNotCount() throws {
        #expect(try Self.found(Self.head("If-None-Match: \"x\"", "If-Modified-Since: x")).head.isPlain)
    }

    /// From here on the decoder reads.
    @Test(arguments: [
        "Content-Length: 0", "Content-Length: 5", "Transfer-Encoding: chunked", "Expect: 100-continue", "Upgrade: h2c",
        "Connection: close", "Connection: upgrade", "Connection: keep-alive, x", "Connection: ", "Host: b", "X", ": y",
        "X : y", " X: y", "X: a\u{0}", "X: a\rb", "X: a\nY: b", "X: a\r\n b", "X: ä", "X\u{7F}: y", "(X): y",
        "TRANSFER-ENCODING: x", "Content-length : 5",
    ])
    func whatIsNotSimpleIsTheDecoders(field: String) {
        #expect(Self.read(Self.head(field)) == .other)
    }

    @Test(arguments: [
        "POST /a HTTP/1.1", "get /a HTTP/1.1", "GET a HTTP/1.1", "GET  /a HTTP/1.1", "GET /a  HTTP/1.1",
        "GET /a HTTP/1.0", "GET /a HTTP/1.1 ", "GET /a#b HTTP/1.1", "GET /a\u{0} HTTP/1.1", "GET http://a/ HTTP/1.1",
        "GET /ä HTTP/1.1", "GETX /a HTTP/1.1", "\r\nGET /a HTTP/1.1", "OPTIONS * HTTP/1.1", "PRI * HTTP/2.0",
    ])
    func aLineThatIsNotSimpleIsTheDecoders(line: String) {
        #expect(Self.read(Self.head(line: line)) == .other)
    }

    @Test(arguments: ["", "Host: ", "Host: a b", "Host: a@b", "Host: a/b", "Host: a, b"])
    func aHostThatIsNotSimpleIsTheDecoders(field: String) {
        let line = field.isEmpty ? "" : "\(field)\r\n"
        #expect(Self.read("GET /a HTTP/1.1\r\n\(line)\r\n") == .other)
    }

    /// However the bytes are cut, no part of a head is taken for a whole or for something else.
    @Test func everyBeginningOfASimpleHeadIsIncomplete() {
        let text = Self.head("Connection: Keep-Alive", "If-None-Match: \"x\"", "Accept: */*")
        for count in 0..<text.utf8.count {
            #expect(Self.read(String(decoding: text.utf8.prefix(count), as: UTF8.self)) == .incomplete, "\(count)")
        }
    }

    @Test func limitsAreKept() {
        #expect(Self.read("GET /" + String(repeating: "a", count: SimpleHead.bytesMax)) == .other)
        let many = (0...SimpleHead.fieldsMax).map { "X\($0): y" }.joined(separator: "\r\n")
        #expect(Self.read(Self.head(many)) == .other)
    }

    /// Every byte in every place: what is read as one request is spelt with the bytes that RFC 9112 allows there.
    @Test func noByteOutsideOfTheGrammarIsLetThrough() {
        let text = Array(Self.head("X: y").utf8)
        for place in text.indices {
            for byte in UInt8.min...UInt8.max where byte < 0x20 || byte >= 0x7F {
                var bytes = text
                guard bytes[place] != byte else { continue }
                bytes[place] = byte
                let outcome = bytes.withUnsafeBytes(SimpleHead.read)
                guard case .request = outcome else { continue }
                // White space around a value is all that there may be.
                #expect(byte == 0x09, "byte \(byte) at \(place)")
            }
        }
    }

    @Test(
        arguments: [
            ("\"e\"", true), ("W/\"e\"", true), ("*", true), ("\"x\"", false), ("W/\"x\"", false), ("\"\"", false),
            ("\"x\", \"e\"", nil), ("e", nil), ("", nil), ("\"e\" ", nil), ("w/\"e\"", nil), ("\"x", nil),
            ("\"a\"b\"", nil),
            ("*, \"e\"", nil),
        ] as [(String, Bool?)]
    )
    func oneTagIsComparedAndAListIsNot(value: String, isNotModified: Bool?) {
        let etag = Array("\"e\"".utf8)
        #expect(Array(value.utf8).withUnsafeBytes { SimpleHead.isNotModified($0, etag: etag) } == isNotModified)
    }
}
