/// Requests that break the rules of HTTP, or that two parsers could read differently: made in code, so that each rule
/// is tried with everything that breaks it.
///
/// Each is to be refused with 4xx and the end of its connection, whatever comes after it.
struct MalformedRequest: Sendable, CustomStringConvertible {
    let description: String
    let bytes: [UInt8]

    /// - Parameter parts: texts, and bytes that are no text.
    private init(_ description: String, _ parts: [UInt8]...) {
        self.description = description
        self.bytes = parts.flatMap { $0 }
    }

    private static func text(_ description: String, _ text: String) -> MalformedRequest {
        MalformedRequest(description, Array(text.utf8))
    }

    static let all =
        requestLines + targets + fieldNames + fieldValues + lineEnds + foldings + hosts + lengths + twoLengths
        + lengthsAndCodings + codings + chunks + oldVersions + sizes

    private static func get(_ description: String, line: String = "GET / HTTP/1.1", _ fields: String...) -> Self {
        .text(description, ([line, "Host: a"] + fields).joined(separator: "\r\n") + "\r\n\r\n")
    }

    private static func post(_ description: String, _ fields: [String], body: String = "0\r\n\r\n") -> Self {
        let head = (["POST /v1/assets HTTP/1.1", "Host: a"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
        return .text(description, head + body)
    }

    private static let requestLines = [
        "GET / HTTP/0.9", "GET / HTTP/2.0", "GET / HTTP/3", "GET / HTTP/1.1.1", "GET / HTTP/11", "GET / HTTP/1,1",
        "GET / http/1.1", "GET / HTTQ/1.1", "GET / HTTP /1.1", "GET / HTTP/ 1.1", "GET / HTTP/1.1 ", "GET / HTTP/1.1\t",
        "GET / HTTP/-1.1", "GET / HTTP/x.y", "GET /\tHTTP/1.1", "GET\t/ HTTP/1.1", " GET / HTTP/1.1",
        "get / HTTP/1.1", "GeT / HTTP/1.1", "G@T / HTTP/1.1", "GET: / HTTP/1.1", "FROB / HTTP/1.1", "GETGET / HTTP/1.1",
        "/ HTTP/1.1", "GET HTTP/1.1", "GET / a HTTP/1.1", "GET / HTTP/1.1 HTTP/1.1", "PRI * HTTP/2.0",
        "GET / ICE/1.0", "GET / RTSP/1.0",
    ].map { Self.get("request line '\($0)'", line: $0) }

    private static let targets =
        ["a", "*", "?a", "http:", "//", "/a#b", "/%00#", "\\"].map {
            Self.get("target '\($0)'", line: "GET \($0) HTTP/1.1")
        }.filter { !$0.description.contains("'//'") }
        + [UInt8](0...0x1F).filter { ![0x09, 0x0A, 0x0D].contains($0) }.map {
            MalformedRequest(
                "byte \($0) in the target",
                Array("GET /a".utf8),
                [$0],
                Array("b HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            )
        }

    private static let fieldNames =
        (Array("\"(),/;<=>?@[\\]{} ".utf8) + [UInt8](0...0x1F) + [0x7F, 0x80, 0xC3, 0xFF])
        .filter { $0 != 0x0A && $0 != 0x0D }
        .map {
            MalformedRequest(
                "byte \($0) in a field's name",
                Array("GET / HTTP/1.1\r\nHost: a\r\nX".utf8),
                [$0],
                Array("Y: b\r\n\r\n".utf8)
            )
        } + [
            Self.get("no colon", "Content-Length"), Self.get("no name", ": a"),
            Self.get("space before the colon", "Content-Length : 5"), Self.get("tab before the colon", "X\t: 5"),
            Self.get("space before the colon of a coding", "Transfer-Encoding : chunked"),
            .text("space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
            .text("space before the colon of Host", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        ]

    private static let fieldValues = ([UInt8](0...0x1F) + [0x7F]).filter { ![0x09, 0x0A, 0x0D].contains($0) }.map {
        MalformedRequest(
            "byte \($0) in a field's value",
            Array("GET / HTTP/1.1\r\nHost: a\r\nX: a".utf8),
            [$0],
            Array("b\r\n\r\n".utf8)
        )
    }

    private static let lineEnds = [
        MalformedRequest.text("bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        .text("bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
        .text("bare LF before the end", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        .text("bare LFs everywhere", "GET / HTTP/1.1\nHost: a\n\n"),
        .text("bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"),
        .text("bare CR after the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n"),
        .text("CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
        .text("bare CR in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\rY: b\r\n\r\n"),
        .text("bare CR for the end", "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n"),
    ]

    private static let foldings = ["\r\n b", "\r\n\tb", "\r\n  \r\n b", " \r\n b"].flatMap { fold in
        ["X: a", "Transfer-Encoding: chunked", "Content-Length: 5", "Connection: keep-alive"].map { field in
            Self.get("'\(field)' folded", "\(field)\(fold)")
        }
    }

    private static let hosts =
        [
            MalformedRequest.text("no Host", "GET / HTTP/1.1\r\n\r\n"),
            .text("no Host and an absolute target", "GET http://a/ HTTP/1.1\r\n\r\n"),
            .text("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
            .text("two different Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"),
            .text("two Hosts and an absolute target", "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ]
        + ["a b", "a, b", "a/b", "user@a", "a?b", "a#b", "<a>", "a\\b", "a\"", "ä"].map {
            MalformedRequest.text("Host '\($0)'", "GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n")
        }

    private static let badLengths = [
        "", " ", "+5", "-5", "-0", "5 5", "5,5", "5, 5", "0x5", "5x", "x5", "5e0", "5.0", "\"5\"", "5;a", "５", "0 0",
        "18446744073709551616", "99999999999999999999999999", "5_0", "1 000", ",5", "5,", "NaN", "five",
    ]
    private static let lengths = badLengths.map {
        Self.post("Content-Length '\($0)'", ["Content-Length: \($0)"], body: "hello")
    }

    private static let twoLengths =
        [("5", "5"), ("5", "6"), ("6", "5"), ("0", "5"), ("5", "0"), ("5", "+5"), ("5", ""), ("5", "05")].map {
            Self.post("lengths \($0) and \($1)", ["Content-Length: \($0)", "Content-Length: \($1)"], body: "hello")
        } + [
            Self.post("two lengths far apart", ["Content-Length: 5", "X: y", "content-length: 6"], body: "hello")
        ]

    private static let lengthsAndCodings = ["chunked", "Chunked", "gzip, chunked", "identity", "xchunked", ""].flatMap {
        coding in
        [
            ["Content-Length: 5", "Transfer-Encoding: \(coding)"],
            ["Transfer-Encoding: \(coding)", "Content-Length: 5"],
            ["Transfer-Encoding: \(coding)", "Content-Length: 0"],
            ["CONTENT-LENGTH: 5", "TRANSFER-ENCODING: \(coding)"],
        ].map { Self.post("a length and '\(coding)'", $0) }
    }

    private static let codings =
        [
            "identity", "gzip", "gzip, chunked", "chunked, gzip", "chunked, identity", "chunked, chunked", "xchunked",
            "chunkedx", "chunked;q=1", "\"chunked\"", "'chunked'", "chunked,", ",chunked", "chunk ed", "chunked\u{B}",
            "\u{B}chunked", "chunked\u{C}", "cow", "", "x", "chunked x", "chunked, ", "identity, chunked",
        ].map { Self.post("coding '\($0)'", ["Transfer-Encoding: \($0)"]) }
        + [
            ("chunked", "chunked"), ("chunked", "identity"), ("identity", "chunked"), ("gzip", "chunked"),
            ("chunked", "x"),
        ]
        .map { Self.post("codings \($0) and \($1)", ["Transfer-Encoding: \($0)", "Transfer-Encoding: \($1)"]) }

    private static let chunks =
        [
            "g\r\n", "-1\r\n", "+5\r\n", "0x5\r\n", "x5\r\n", "5 \r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n",
            "5\t\r\nhello\r\n", "ffffffffffffffff1\r\n", "10000000000000000\r\n", "\r\n", ";a\r\n", "5\nhello\r\n",
            "5\rhello\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n",
            "5\r\nhello\r\r\n0\r\n\r\n", "5\r\nhello\r\n\r\n", "5\r\nhello\r\ng\r\n", "5;a\u{0}\r\nhello\r\n0\r\n\r\n",
            "5;a\nb\r\nhello\r\n0\r\n\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n", "5,5\r\nhello\r\n", "5_0\r\n",
            "5.\r\nhello",
            "5\r\nhello\r\n-0\r\n\r\n", "5\r\nhello\r\n0x0\r\n\r\n", "5\r\nhello\r\n0\r\nX : y\r\n\r\n",
            "5\r\nhello\r\n0\r\n X: y\r\n\r\n", "5\r\nhello\r\n0\r\nX\r\n\r\n", "5\r\nhello\r\n0\r\n: y\r\n\r\n",
            "5\r\nhello\r\n0\r\nX: a\u{0}\r\n\r\n", "5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n",
            "5\r\nhello\r\n0\r\nX: a\nY: b\r\n\r\n", "G\r\n", "\u{0}\r\n", "5\u{0}\r\nhello\r\n",
        ].map {
            Self.post("chunks \($0.debugDescription)", ["Transfer-Encoding: chunked"], body: $0)
        } + [
            Self.post(
                "chunk extensions without end",
                ["Transfer-Encoding: chunked"],
                body: "5;\(String(repeating: "a", count: 300_000))\r\nhello\r\n0\r\n\r\n"
            ),
            Self.post(
                "an extension to each of many chunks",
                ["Transfer-Encoding: chunked"],
                body: String(repeating: "1;\(String(repeating: "a", count: 100))\r\nx\r\n", count: 4000) + "0\r\n\r\n"
            ),
            Self.post(
                "trailers without end",
                ["Transfer-Encoding: chunked"],
                body: "0\r\n" + String(repeating: "X: y\r\n", count: 1000) + "\r\n"
            ),
            Self.post(
                "a long trailer",
                ["Transfer-Encoding: chunked"],
                body: "0\r\nX: \(String(repeating: "y", count: 100_000))\r\n\r\n"
            ),
        ]

    private static let oldVersions = [
        MalformedRequest.text(
            "a coding in HTTP/1.0",
            "POST /v1/assets HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        .text(
            "a coding and keep-alive in HTTP/1.0",
            "POST /v1/assets HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ]

    private static let sizes = [
        Self.get("too many fields", Array(repeating: "X: y", count: 200).joined(separator: "\r\n")),
        Self.get("a field too long", "X: \(String(repeating: "y", count: 40_000))"),
        Self.get("a name too long", "\(String(repeating: "X", count: 40_000)): y"),
        Self.get("a target too long", line: "GET /\(String(repeating: "a", count: 40_000)) HTTP/1.1"),
        Self.get(
            "fields too long together",
            (0..<90).map { "X\($0): \(String(repeating: "y", count: 500))" }.joined(separator: "\r\n")
        ),
    ]
}
