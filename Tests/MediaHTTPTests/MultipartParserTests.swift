import MediaTesting
import Testing

@testable import MediaHTTP

@Suite struct MultipartParserTests {
    typealias Event = MultipartParser.Event

    static let boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
    static let type = "multipart/form-data; boundary=\(Self.boundary)"

    /// Events with adjoining data joined, so that they do not depend on how the body was cut.
    static func events(_ chunks: [[UInt8]], type: String = Self.type) throws -> [Event] {
        var parser = try MultipartParser(contentType: type)
        var joined: [Event] = []
        var buffered = 0
        var hasEmptyData = false
        for chunk in chunks {
            for event in try parser.consume(chunk) {
                guard case .body(let more) = event else {
                    joined.append(event)
                    continue
                }
                hasEmptyData = hasEmptyData || more.isEmpty
                if case .body(let data) = joined.last {
                    joined[joined.count - 1] = .body(data + more)
                } else {
                    joined.append(event)
                }
            }
            buffered = max(buffered, parser.bytesBuffered)
        }
        #expect(buffered <= MultipartParser.headerBytesMax)
        #expect(!hasEmptyData)
        try parser.finish()
        return joined
    }

    static func refusal(_ chunks: [[UInt8]], type: String = Self.type) -> MultipartError.Code? {
        do { _ = try Self.events(chunks, type: type) } catch let error as MultipartError { return error.code } catch {}
        return nil
    }

    static func part(_ name: String, _ filename: String? = nil, _ contentType: String? = nil) -> Event {
        .partBegan(MultipartParser.Part(name: name, filename: filename, contentType: contentType))
    }

    static func data(_ text: String) -> Event { .body(ArraySlice(text.utf8)) }

    /// One part named `file` with these bytes.
    static func body(_ data: [UInt8], headers: String = "Content-Disposition: form-data; name=\"file\"") -> [UInt8] {
        Array("--\(Self.boundary)\r\n\(headers)\r\n\r\n".utf8) + data + Array("\r\n--\(Self.boundary)--\r\n".utf8)
    }

    // MARK: bodies of clients

    static let curl = (
        type: "multipart/form-data; boundary=------------------------d74496d66958873e",
        body: """
        --------------------------d74496d66958873e\r
        Content-Disposition: form-data; name="file"; filename="a \\"b\\".jpg"\r
        Content-Type: image/jpeg\r
        \r
        \u{1}\r\n-\r\n--\r
        --------------------------d74496d66958873\r
        data\r
        --------------------------d74496d66958873e\r
        Content-Disposition: form-data; name="note"\r
        \r
        \r
        --------------------------d74496d66958873e--\r

        """,
        events: [
            part("file", "a \"b\".jpg", "image/jpeg"),
            data("\u{1}\r\n-\r\n--\r\n--------------------------d74496d66958873\r\ndata"), .partEnded,
            part("note"), .partEnded, .finished,
        ]
    )

    static let chrome = (
        type: type,
        body: """
        ------WebKitFormBoundary7MA4YWxkTrZu0gW\r
        Content-Disposition: form-data; name="title"\r
        \r
        Grüße\r
        ------WebKitFormBoundary7MA4YWxkTrZu0gW\r
        Content-Disposition: form-data; name="file"; filename="C:\\Bilder\\a%22b.png"\r
        Content-Type: image/png\r
        \r
        \u{89}PNG\r
        \r
        ------WebKitFormBoundary7MA4YWxkTrZu0gW--\r

        """,
        events: [
            part("title"), data("Grüße"), .partEnded,
            part("file", "C:\\Bilder\\a%22b.png", "image/png"), data("\u{89}PNG\r\n"), .partEnded, .finished,
        ]
    )

    /// A preamble, white space after delimiters, an epilogue, a quoted boundary with a space, headers that are ignored.
    static let library = (
        type: "Multipart/Form-Data; charset=utf-8; boundary=\"a b'(),./:=?c\";",
        body: """
        This is a preamble.\r
        --a b'(),./:=?\r
        --a b'(),./:=?c \t \r
        content-disposition:form-data ; NAME = x\r
        """.replacing(" = ", with: "=").replacing("x\r", with: "file; filename*=UTF-8''a.jpg\r\n")
            + "Content-Transfer-Encoding: BINARY\r\nX-Other: 1\r\n\r\n\r\n--a b'(),./:=?c--  \r\nepilogue --a b",
        events: [part("file"), .partEnded, .finished]
    )

    static let clients = [Self.curl, Self.chrome, Self.library]

    @Test(arguments: 0..<3) func bodiesOfClientsAreRead(client: Int) throws {
        let client = Self.clients[client]
        #expect(try Self.events([Array(client.body.utf8)], type: client.type) == client.events)
    }

    @Test(arguments: 0..<3) func everySplitGivesTheSameEvents(client: Int) throws {
        let client = Self.clients[client]
        let body = Array(client.body.utf8)
        for cut in 0...body.count {
            let events = try Self.events([Array(body[..<cut]), Array(body[cut...])], type: client.type)
            #expect(events == client.events, "cut at \(cut)")
        }
        #expect(try Self.events(body.map { [$0] }, type: client.type) == client.events)
        var random = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let events = try Self.events(Self.pieces(body, &random), type: client.type)
            #expect(events == client.events)
        }
    }

    static func pieces(_ body: [UInt8], _ random: inout SeededGenerator) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...40, using: &random))
            pieces.append(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        return pieces
    }

    // MARK: data that looks like a delimiter

    @Test func everyPrefixOfTheDelimiterIsData() throws {
        let delimiter = Array("\r\n--\(Self.boundary)".utf8)
        for length in 0..<delimiter.count {
            let prefix = Array(delimiter[..<length])
            for data in [prefix, prefix + prefix, prefix + [0x0D], [0x0D] + prefix, prefix + Array("x".utf8) + prefix] {
                let expected: [Event] =
                    [Self.part("file")] + (data.isEmpty ? [] : [.body(data[...])]) + [.partEnded, .finished]
                #expect(try Self.events([Self.body(data)]) == expected)
                #expect(try Self.events(Self.body(data).map { [$0] }) == expected)
            }
        }
    }

    @Test(arguments: ["\r", "\n", "\r\r", "\r\n", "\r\n\r\n", "--", "\r\n--", "\r\n-", "\r\r\n--", "--\(boundary)x"])
    func lineEndsAndDashesAreData(text: String) throws {
        // A part that begins with the delimiter's dashes is its delimiter; behind another byte it is data.
        let data = Array("x\(text)".utf8)
        #expect(try Self.events([Self.body(data)]) == [Self.part("file"), .body(data[...]), .partEnded, .finished])
    }

    @Test func emptyPartMayHaveNoLineOfItsOwn() throws {
        let headers = "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n"
        let body = Array("\(headers)--\(Self.boundary)--".utf8)
        #expect(try Self.events([body]) == [Self.part("file"), .partEnded, .finished])
        #expect(try Self.events(body.map { [$0] }) == [Self.part("file"), .partEnded, .finished])
    }

    @Test func aBodyMayHaveNoParts() throws {
        #expect(try Self.events([Array("--\(Self.boundary)--".utf8)]) == [.finished])
    }
}
