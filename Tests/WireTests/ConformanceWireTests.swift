import MediaTesting
import Testing

extension WireTests {
    /// What caches may rely on (RFC 9110, 9111, 9112): the table at the end of RELIABILITY §6, a test a row, each by
    /// the long way and by the hot path.
    @Suite struct ConformanceWireTests {
        /// A delivery, and a service that has it in its table of hits.
        private struct Subject {
            let origin: Origin
            let id: String
            let url: String
            let whole: RawResponse

            var etag: String { self.whole["ETag"] ?? "" }

            func get(_ fields: String...) async throws -> [RawResponse] { try await self.ask("GET", fields) }

            /// The answers of both ways to the same request.
            func ask(_ method: String, _ fields: [String] = []) async throws -> [RawResponse] {
                var answers: [RawResponse] = []
                for way in [[], [HotPathWireTests.longWay]] {
                    answers.append(try await self.origin.ask(method, self.url, fields + way))
                }
                return answers
            }
        }

        private static func with(_ body: (Subject) async throws -> Void) async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let url = try asset.entry("thumbnail").url
                let whole = try await origin.get(url)
                try await body(Subject(origin: origin, id: asset.id, url: url, whole: whole))
            }
        }

        @Test("200: strong ETag, Content-Length, immutable, Last-Modified")
        func whole() async throws {
            try await Self.with { subject in
                for answer in try await subject.get() {
                    #expect(answer.status == 200)
                    #expect(try #require(answer["ETag"]).wholeMatch(of: /"[!#-~]+"/) != nil)
                    #expect(answer["Content-Length"] == "\(answer.body.count)")
                    #expect(answer["Cache-Control"] == DeliveryWireTests.immutable)
                    #expect(try #require(answer["Last-Modified"]).hasSuffix(" GMT"))
                    #expect(answer["Transfer-Encoding"] == nil)
                }
            }
        }

        @Test("If-None-Match that matches: 304 with the same ETag and Cache-Control, without a body")
        func notModified() async throws {
            try await Self.with { subject in
                for answer in try await subject.get("If-None-Match: \(subject.etag)") {
                    Self.expectNotModified(answer, subject)
                }
            }
        }

        @Test("If-None-Match: *")
        func notModifiedByAny() async throws {
            try await Self.with { subject in
                for answer in try await subject.get("If-None-Match: *") { Self.expectNotModified(answer, subject) }
            }
        }

        @Test("If-None-Match with a list")
        func notModifiedByList() async throws {
            try await Self.with { subject in
                for answer in try await subject.get("If-None-Match: \"a\", \(subject.etag), \"b\"") {
                    Self.expectNotModified(answer, subject)
                }
                for answer in try await subject.get("If-None-Match: \"a\", \"b\"") { #expect(answer.status == 200) }
            }
        }

        @Test("If-None-Match compares weakly")
        func notModifiedByWeakTag() async throws {
            try await Self.with { subject in
                for answer in try await subject.get("If-None-Match: W/\(subject.etag)") {
                    Self.expectNotModified(answer, subject)
                }
            }
        }

        @Test("If-Modified-Since is ignored where If-None-Match is there")
        func datesGiveWayToTags() async throws {
            try await Self.with { subject in
                let modified = "If-Modified-Since: \(try #require(subject.whole["Last-Modified"]))"
                let long = "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"
                for answer in try await subject.get("If-None-Match: \"x\"", modified) { #expect(answer.status == 200) }
                for answer in try await subject.get("If-None-Match: \(subject.etag)", long) {
                    Self.expectNotModified(answer, subject)
                }
                for answer in try await subject.get(modified) { Self.expectNotModified(answer, subject) }
            }
        }

        @Test("If-Range with the strong ETag: 206")
        func rangeOfTheSame() async throws {
            try await Self.with { subject in
                for answer in try await subject.get("If-Range: \(subject.etag)", "Range: bytes=2-5") {
                    Self.expectPart(answer, 2..<6, subject)
                }
            }
        }

        @Test("If-Range with another ETag, or a weak one: 200")
        func rangeOfAnother() async throws {
            try await Self.with { subject in
                for tag in ["\"x\"", "W/\(subject.etag)"] {
                    for answer in try await subject.get("If-Range: \(tag)", "Range: bytes=2-5") {
                        #expect(answer.status == 200)
                        #expect(answer.body == subject.whole.body)
                    }
                }
            }
        }

        @Test("Range: bytes=0-0")
        func firstByte() async throws {
            try await Self.with { subject in
                for answer in try await subject.get("Range: bytes=0-0") { Self.expectPart(answer, 0..<1, subject) }
            }
        }

        @Test("Range: bytes=-1")
        func lastByte() async throws {
            try await Self.with { subject in
                let count = subject.whole.body.count
                for answer in try await subject.get("Range: bytes=-1") {
                    Self.expectPart(answer, count - 1..<count, subject)
                }
            }
        }

        @Test("Range: bytes=5-")
        func fromTheFifth() async throws {
            try await Self.with { subject in
                for answer in try await subject.get("Range: bytes=5-") {
                    Self.expectPart(answer, 5..<subject.whole.body.count, subject)
                }
            }
        }

        @Test("several ranges: 200, the whole")
        func severalRanges() async throws {
            try await Self.with { subject in
                for answer in try await subject.get("Range: bytes=0-0,5-6") {
                    #expect(answer.status == 200)
                    #expect(answer.body == subject.whole.body)
                }
            }
        }

        @Test("unsatisfiable range: 416 with Content-Range: bytes */N")
        func unsatisfiableRange() async throws {
            try await Self.with { subject in
                let count = subject.whole.body.count
                for answer in try await subject.get("Range: bytes=\(count)-") {
                    #expect(try answer.problem(416) == "range-not-satisfiable")
                    #expect(answer["Content-Range"] == "bytes */\(count)")
                }
            }
        }

        @Test("syntactically bad range: ignored, 200")
        func badRange() async throws {
            try await Self.with { subject in
                for range in ["bytes=5-2", "bytes=x", "bytes 0-1", "bytes=--1", "octets=0-1", "bytes=0-1-2"] {
                    for answer in try await subject.get("Range: \(range)") {
                        #expect(answer.status == 200, "\(range)")
                        #expect(answer.body == subject.whole.body)
                    }
                }
            }
        }

        @Test("HEAD is GET without the body")
        func head() async throws {
            try await Self.with { subject in
                for answer in try await subject.ask("HEAD") {
                    #expect(answer.status == 200)
                    #expect(answer.body.isEmpty)
                    let names = subject.whole.fields.map(\.name).filter { !["Date", "X-Request-Id"].contains($0) }
                    for name in names { #expect(answer.values(name) == subject.whole.values(name), "\(name)") }
                    #expect(answer.fields.count == subject.whole.fields.count)
                }
            }
        }

        @Test("OPTIONS and 405 name the methods in Allow")
        func allow() async throws {
            try await Self.with { subject in
                #expect(try await subject.origin.ask("OPTIONS", subject.url)["Allow"] == "GET, HEAD, OPTIONS")
                for method in ["POST", "PUT", "PATCH", "DELETE"] {
                    let answer = try await subject.origin.ask(method, subject.url)
                    #expect(answer.status == 405)
                    #expect(answer["Allow"] == "GET, HEAD, OPTIONS")
                }
            }
        }

        @Test("404 and 410 say explicitly that they may not be kept")
        func absence() async throws {
            try await Self.with { subject in
                let missing = try await subject.origin.get("/a/\(subject.id)/v2/thumbnail.webp")
                #expect(missing.status == 404)
                #expect(missing.values("Cache-Control") == ["no-store"])
                #expect(try await subject.origin.ask("DELETE", "/v1/assets/\(subject.id)").status == 204)
                for answer in try await subject.get() {
                    #expect(answer.status == 410)
                    #expect(answer.values("Cache-Control") == ["no-store"])
                    #expect(answer["ETag"] == nil)
                }
            }
        }

        @Test("no Vary where nothing is negotiated, whatever the request accepts and whatever comes of it")
        func vary() async throws {
            try await Self.with { subject in
                let fields = [
                    "Accept: image/avif", "Accept-Encoding: gzip", "Range: bytes=0-0", "Range: bytes=9999999-",
                ]
                for field in fields + ["If-None-Match: \(subject.etag)"] {
                    for answer in try await subject.get(field) { #expect(answer["Vary"] == nil, "\(field)") }
                }
            }
        }

        @Test("no Set-Cookie")
        func cookies() async throws {
            try await Self.with { subject in
                for answer in try await subject.get("Cookie: a=b") { #expect(answer["Set-Cookie"] == nil) }
            }
        }

        @Test("X-Content-Type-Options: nosniff")
        func sniffing() async throws {
            try await Self.with { subject in
                for answer in try await subject.get() {
                    #expect(answer.values("X-Content-Type-Options") == ["nosniff"])
                }
            }
        }

        @Test("Content-Security-Policy: default-src 'none'; sandbox")
        func contentSecurityPolicy() async throws {
            try await Self.with { subject in
                for answer in try await subject.get() {
                    #expect(answer.values("Content-Security-Policy") == ["default-src 'none'; sandbox"])
                }
            }
        }

        @Test("Cross-Origin-Resource-Policy: cross-origin")
        func resourcePolicy() async throws {
            try await Self.with { subject in
                for answer in try await subject.get() {
                    #expect(answer.values("Cross-Origin-Resource-Policy") == ["cross-origin"])
                }
            }
        }

        @Test("Content-Disposition: inline, with a name")
        func contentDisposition() async throws {
            try await Self.with { subject in
                for answer in try await subject.get() {
                    #expect(answer.values("Content-Disposition") == ["inline; filename*=UTF-8''thumbnail.webp"])
                }
            }
        }

        @Test("TRACE and CONNECT: 405", arguments: ["TRACE", "CONNECT"])
        func refusedMethods(method: String) async throws {
            try await Self.with { subject in
                let target = method == "CONNECT" ? "example.org:443" : subject.url
                let answer = try await subject.origin.ask(method, target, ["X-Secret: a"])
                #expect(answer.status == 405)
                #expect(!answer.text.contains("X-Secret"))
                #expect(answer["Allow"] != nil)
            }
        }

        @Test("Expect: 100-continue is answered, another expectation gets 417")
        func expectations() async throws {
            try await Self.with { subject in
                let picture = try Fixtures.bytes("pictures/noise.png")
                let connection = try await subject.origin.service.connect()
                let head = Origin.head("POST", "/v1/assets", ["Expect: 100-continue"], body: picture)
                try await connection.send(head)
                #expect(try await connection.receiveResponse().status == 100)
                try await connection.send(picture)
                #expect(try await connection.receiveResponse().status == 201)
                let other = try await subject.origin.upload(picture, to: "/v1/assets", "Expect: a-miracle")
                #expect(try other.problem(417) == "expectation-failed")
            }
        }

        @Test("unknown Transfer-Encoding: 400, and the connection ends")
        func transferCodings() async throws {
            try await Self.with { subject in
                let connection = try await subject.origin.service.connect()
                try await connection.send(
                    Origin.head("POST", "/v1/assets", ["Transfer-Encoding: gzip, chunked"], body: []) + "0\r\n\r\n"
                )
                #expect(try await connection.receiveResponse().problem(400) == "unsupported-transfer-coding")
                #expect(try await connection.isClosedByPeer())
            }
        }

        @Test("HTTP/1.0 is answered and its connection ends, with keep-alive too", arguments: ["", "keep-alive"])
        func oldVersion(connection option: String) async throws {
            try await Self.with { subject in
                let connection = try await subject.origin.service.connect()
                let field = option.isEmpty ? "" : "Connection: \(option)\r\n"
                try await connection.send("GET \(subject.url) HTTP/1.0\r\n\(field)\r\n")
                let answer = try await connection.receiveResponse()
                #expect(answer.status == 200)
                #expect(answer.body == subject.whole.body)
                #expect(answer["Transfer-Encoding"] == nil)
                #expect(answer["Connection"] == "close")
                #expect(try await connection.isClosedByPeer())
            }
        }

        @Test("absolute-form target")
        func absoluteTarget() async throws {
            try await Self.with { subject in
                for prefix in ["http://example.org", "HTTP://example.org:8080"] {
                    let answer = try await subject.origin.get(prefix + subject.url)
                    #expect(answer.status == 200)
                    #expect(answer.body == subject.whole.body)
                }
            }
        }

        @Test(
            "Host missing, repeated or invalid: 400",
            arguments: [[], ["a", "a"], ["a", "b"], ["a,b"], ["a b"], ["a/b"]]
        )
        func hosts(values: [String]) async throws {
            try await Self.with { subject in
                let fields = values.map { "Host: \($0)\r\n" }.joined()
                let connection = try await subject.origin.service.connect()
                try await connection.send("GET \(subject.url) HTTP/1.1\r\n\(fields)\r\n")
                #expect(try await connection.receiveResponse().problem(400) == "malformed-request")
                #expect(try await connection.isClosedByPeer())
            }
        }

        private static func expectNotModified(
            _ answer: RawResponse,
            _ subject: Subject,
            _ location: SourceLocation = #_sourceLocation
        ) {
            #expect(answer.status == 304, sourceLocation: location)
            #expect(answer.body.isEmpty, sourceLocation: location)
            for name in ["ETag", "Cache-Control", "Last-Modified", "Cache-Tag", "Surrogate-Key"] {
                #expect(answer.values(name) == subject.whole.values(name), sourceLocation: location)
            }
            #expect(answer["Content-Length"] == nil, sourceLocation: location)
        }

        private static func expectPart(
            _ answer: RawResponse,
            _ range: Range<Int>,
            _ subject: Subject,
            _ location: SourceLocation = #_sourceLocation
        ) {
            let total = subject.whole.body.count
            #expect(answer.status == 206, sourceLocation: location)
            #expect(answer.body == Array(subject.whole.body[range]), sourceLocation: location)
            let bounds = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(total)"
            #expect(answer["Content-Range"] == bounds, sourceLocation: location)
            #expect(answer["ETag"] == subject.etag, sourceLocation: location)
            #expect(answer["Content-Length"] == "\(range.count)", sourceLocation: location)
        }
    }
}
