import MediaTesting
import Testing

@testable import MediaHTTP

extension MultipartParserTests {
    // MARK: refusals

    @Test func everyTruncationIsRefused() throws {
        let body = Self.body(Array("data".utf8))
        for length in 0..<(body.count - 2) { #expect(Self.refusal([Array(body[..<length])]) == .truncated) }
        #expect(Self.refusal([Array(body[..<(body.count - 2)])]) == nil)
    }

    @Test(arguments: [
        "--\(boundary)x\r\n", "--\(boundary)-x", "--\(boundary)\n", "--\(boundary) \n", "--\(boundary)\rx",
        "--\(boundary)--\r\n",
    ])
    func lineThatOnlyBeginsWithTheDelimiterIsRefused(line: String) {
        let refusal = Self.refusal([Array("\(line)Content-Disposition: form-data; name=a\r\n\r\n".utf8)])
        #expect(refusal == (line.hasSuffix("--\r\n") ? nil : .malformedDelimiter))
    }

    @Test(arguments: [
        ("Content-Disposition: form-data; name=\"file\"\nX: y", MultipartError.Code.malformedHeader),
        ("Content-Disposition: form-data;\r\n name=\"file\"", .malformedHeader),
        ("Content-Disposition : form-data; name=\"file\"", .malformedHeader),
        (" Content-Disposition: form-data; name=\"file\"", .malformedHeader), ("nonsense", .malformedHeader),
        (": x", .malformedHeader), ("X: a\rb", .malformedHeader), ("X: a\u{0}b", .malformedHeader),
        ("Content-Disposition: form-data; name=\"fi", .malformedHeader),
        ("Content-Disposition: form-data; name=\"a\"; name=\"b\"", .malformedHeader),
        ("Content-Disposition: form-data; name=\"a\" b", .malformedHeader),
        ("Content-Disposition: form-data; name=", .malformedHeader),
        ("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b", .malformedHeader),
        ("Content-Disposition: form-data; name=a\r\nContent-Type: a/b\r\nContent-Type: a/b", .malformedHeader),
        ("Content-Type: image/png", .notFormData), ("Content-Disposition: attachment; name=file", .notFormData),
        ("Content-Disposition: form-data", .notFormData), ("Content-Disposition: form-data; name=\"\"", .notFormData),
        ("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", .transferEncoding),
        ("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: quoted-printable", .transferEncoding),
    ])
    func faultyPartHeadersAreRefused(headers: String, code: MultipartError.Code) {
        #expect(Self.refusal([Self.body([1], headers: headers)]) == code)
        #expect(Self.refusal(Self.body([1], headers: headers).map { [$0] }) == code)
    }

    @Test(arguments: ["binary", "8bit", "7BIT"]) func identityTransferEncodingsAreTaken(encoding: String) {
        let headers = "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: \(encoding)"
        #expect(Self.refusal([Self.body([1], headers: headers)]) == nil)
    }

    @Test(arguments: [
        "", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/mixed; boundary=a", "image/png; boundary=a", "multipart/form-data boundary=a",
        "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; boundary=\"a ",
        "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=a b",
        "multipart/form-data; boundary=\"a\tb\"",
        "multipart/form-data; boundary=\"ä\"", "multipart/form-data; boundary=a, multipart/form-data; boundary=b",
        "multipart/form-data; boundary=\"a\\\"b\"",
        "multipart/form-data; boundary=\(String(repeating: "a", count: 71))",
    ])
    func faultyBoundaryIsRefused(type: String) { #expect(Self.refusal([], type: type) == .boundary) }

    @Test func longestBoundaryIsTaken() throws {
        let boundary = String(repeating: "b", count: 70)
        let body = Array("--\(boundary)--".utf8)
        #expect(try Self.events([body], type: "multipart/form-data;boundary=\(boundary)") == [.finished])
    }

    // MARK: limits

    @Test func eachLimitIsTheLastThatIsTaken() {
        let disposition = "Content-Disposition: form-data; name=a"
        func refusal(
            preamble: Int = 0,
            padding: Int = 0,
            epilogue: Int = 0,
            parts: Int = 1,
            headers: String = ""
        ) -> Bool {
            let part =
                "--\(Self.boundary)\(String(repeating: " ", count: padding))\r\n\(disposition)\r\n\(headers)\r\n\r\n"
            let body =
                (preamble > 0 ? String(repeating: "p", count: preamble) + "\r\n" : "")
                + String(repeating: part, count: parts) + "--\(Self.boundary)--"
                + String(repeating: "e", count: epilogue)
            let code = Self.refusal([Array(body.utf8)])
            #expect(code == nil || code == .tooLarge)
            #expect(Self.refusal(Array(body.utf8).map { [$0] }) == code)
            return code != nil
        }
        func name(_ count: Int, _ key: String) -> String { "\(key)=\"\(String(repeating: "n", count: count))\"" }
        #expect(!refusal(preamble: MultipartParser.preambleBytesMax))
        #expect(refusal(preamble: MultipartParser.preambleBytesMax + 1))
        #expect(!refusal(padding: MultipartParser.paddingBytesMax))
        #expect(refusal(padding: MultipartParser.paddingBytesMax + 1))
        #expect(!refusal(epilogue: MultipartParser.epilogueBytesMax))
        #expect(refusal(epilogue: MultipartParser.epilogueBytesMax + 1))
        #expect(!refusal(parts: MultipartParser.partsMax))
        #expect(refusal(parts: MultipartParser.partsMax + 1))
        let line = "X: y\r\n"
        #expect(!refusal(headers: String(repeating: line, count: MultipartParser.headerLinesMax - 1)))
        #expect(refusal(headers: String(repeating: line, count: MultipartParser.headerLinesMax)))
        let room = MultipartParser.headerBytesMax - disposition.utf8.count - 6 - 3
        #expect(!refusal(headers: "X: " + String(repeating: "y", count: room) + "\r\n"))
        #expect(refusal(headers: "X: " + String(repeating: "y", count: room + 1) + "\r\n"))
    }

    @Test func namesHaveLimits() {
        func refusal(_ key: String, _ count: Int) -> MultipartError.Code? {
            let rest = key == "name" ? "" : "name=a; "
            let value = String(repeating: "n", count: count)
            return Self.refusal([Self.body([], headers: "Content-Disposition: form-data; \(rest)\(key)=\"\(value)\"")])
        }
        #expect(refusal("name", MultipartParser.nameBytesMax) == nil)
        #expect(refusal("name", MultipartParser.nameBytesMax + 1) == .tooLarge)
        #expect(refusal("filename", MultipartParser.filenameBytesMax) == nil)
        #expect(refusal("filename", MultipartParser.filenameBytesMax + 1) == .tooLarge)
    }

    @Test func afterAnErrorThereIsOnlyThatError() throws {
        var parser = try MultipartParser(contentType: Self.type)
        let rubbish = Array("--\(Self.boundary)rubbish".utf8)
        #expect(throws: MultipartError.self) { try parser.consume(rubbish) }
        #expect(throws: MultipartError.self) { try parser.consume(Self.body([1])) }
        #expect(throws: MultipartError.self) { try parser.finish() }
    }

    // MARK: hostile input

    @Test func mutationsNeverCrashNorGrow() throws {
        var random = SeededGenerator(seed: 20_000)
        let bodies = Self.clients.map { Array($0.body.utf8) }
        let special: [UInt8] = [0x0D, 0x0A, 0x2D, 0x22, 0x3A, 0x3B, 0x20, 0x00, 0x5C]
        var taken = 0
        for round in 0..<20_000 {
            var body = bodies[round % 3]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: body[at] = UInt8.random(in: 0...255, using: &random)
                case 1: body[at] = special[Int.random(in: 0..<special.count, using: &random)]
                case 2: body.remove(at: at)
                case 3: body.insert(special[Int.random(in: 0..<special.count, using: &random)], at: at)
                default: body.replaceSubrange(at..<at, with: body[at...].prefix(Int.random(in: 0...60, using: &random)))
                }
            }
            let whole = Result { try Self.events([body], type: Self.clients[round % 3].type) }
            let pieces = Result { try Self.events(Self.pieces(body, &random), type: Self.clients[round % 3].type) }
            switch (whole, pieces) {
            case (.success(let one), .success(let other)):
                taken += 1
                #expect(one == other)
            case (.failure(let one), .failure(let other)): #expect(one as? MultipartError == other as? MultipartError)
            default: Issue.record("taken or refused, depending on how the body was cut: round \(round)")
            }
        }
        #expect((1..<20_000).contains(taken), "some are taken, some refused")
    }

    /// Data made of all but the last byte of the delimiter, over and over, is the worst that can be sent.
    @Test(arguments: [1, 7, 4096, 1 << 20]) func workIsLinear(chunkBytes: Int) throws {
        let nearly = Array("\r\n--\(Self.boundary)".utf8.dropLast())
        for unit in [nearly, [0x0D], [0x0D, 0x0A], Array("\r\n-".utf8), [0x78]] {
            var parser = try MultipartParser(contentType: Self.type)
            _ = try parser.consume(Array(Self.body([1]).prefix { $0 != 1 }))
            let data = Array(repeatElement(unit, count: 100_000 / unit.count).joined())
            let before = parser.bytesExamined
            var buffered = 0
            for start in stride(from: 0, to: data.count, by: chunkBytes) {
                _ = try parser.consume(Array(data[start..<min(start + chunkBytes, data.count)]))
                buffered = max(buffered, parser.bytesBuffered)
            }
            #expect(buffered == 0)
            #expect(parser.bytesExamined - before <= 2 * data.count)
        }
    }
}
