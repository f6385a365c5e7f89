/// Reads responses from a socket by the letter of RFC 9112: what a lenient client would mend is `.malformed` here.
struct RawResponseReader {
    /// Bytes asked for at once.
    private static let receiveBytesMax = 65_536
    private static let lineEnd = Array("\r\n".utf8)

    /// What was read and is not used yet.
    private(set) var rest: [UInt8]
    private let socket: RawSocket
    private let deadline: ContinuousClock.Instant
    /// The response as far as it has come; an error carries it.
    private var partial: RawResponse?

    init(buffer: [UInt8], socket: RawSocket, deadline: ContinuousClock.Instant) {
        self.rest = buffer
        self.socket = socket
        self.deadline = deadline
    }

    mutating func response(to method: String) throws -> RawResponse {
        do {
            var response = try self.readHead(to: method)
            self.partial = response
            switch response.framing {
            case .noBody: break
            case .contentLength(let bytes): response.body = try self.take(bytes)
            case .untilClose: response.body = try self.toEnd()
            case .chunked: try self.readChunks(into: &response)
            }
            return response
        } catch let error as RawConnectionError {
            self.partial?.body += self.rest
            throw RawConnectionError(error.kind, error.detail, partial: self.partial)
        }
    }

    /// Everything up to the end of the stream.
    mutating func toEnd() throws -> [UInt8] {
        while try self.fill() { try self.limit(self.rest.count, RawConnection.bodyBytesMax) }
        defer { self.rest = [] }
        return self.rest
    }

    private mutating func readHead(to method: String) throws -> RawResponse {
        var head: [UInt8] = []
        var lines: [String] = []
        repeat {
            let line = try self.takeLine()
            head += line + Self.lineEnd
            try self.limit(head.count, RawConnection.headBytesMax)
            lines.append(String(decoding: line, as: UTF8.self))
        } while lines.last?.isEmpty == false
        guard let match = lines[0].wholeMatch(of: /HTTP\/1\.1 ([1-5][0-9][0-9]) (.*)/), let status = Int(match.1) else {
            throw RawConnectionError(.malformed, "the status line is '\(lines[0])'")
        }
        let fields = try lines.dropFirst().dropLast().map(Self.field)
        return RawResponse(
            status: status,
            reason: String(match.2),
            fields: fields,
            head: head,
            framing: try Self.framing(method, status, fields)
        )
    }

    /// RFC 9112 §6.3, where a server may not leave it in doubt.
    private static func framing(
        _ method: String,
        _ status: Int,
        _ fields: [RawResponse.Field]
    ) throws
        -> RawResponse.Framing
    {
        let lengths = fields.filter { $0.name.lowercased() == "content-length" }.map(\.value)
        let codings = fields.filter { $0.name.lowercased() == "transfer-encoding" }.map(\.value)
        guard lengths.count + codings.count <= 1 else {
            throw RawConnectionError(.malformed, "the length is given as \(lengths) and \(codings)")
        }
        if method == "HEAD" || status < 200 || status == 204 || status == 304 { return .noBody }
        if let coding = codings.first {
            guard coding.lowercased() == "chunked" else { throw RawConnectionError(.malformed, "coding '\(coding)'") }
            return .chunked
        }
        guard let text = lengths.first else { return .untilClose }
        guard let bytes = Int(text), String(bytes) == text, bytes >= 0 else {
            throw RawConnectionError(.malformed, "the length is '\(text)'")
        }
        return .contentLength(bytes)
    }

    private static func field(_ line: String) throws -> RawResponse.Field {
        // A name is a token (RFC 9110 §5.6.2): white space before the colon, or a folded line, is none.
        guard let match = line.wholeMatch(of: /([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*/) else {
            throw RawConnectionError(.malformed, "'\(line)' is no field")
        }
        return RawResponse.Field(name: String(match.1), value: String(match.2))
    }

    private mutating func readChunks(into response: inout RawResponse) throws {
        while true {
            let line = String(decoding: try self.takeLine(), as: UTF8.self)
            guard line.wholeMatch(of: /[0-9A-Fa-f]{1,15}/) != nil, let bytes = Int(line, radix: 16) else {
                throw RawConnectionError(.malformed, "the size of a chunk is '\(line)'")
            }
            if bytes == 0 { break }
            response.body += try self.take(bytes)
            response.chunkBytes.append(bytes)
            self.partial = response
            try self.limit(response.body.count, RawConnection.bodyBytesMax)
            guard try self.takeLine().isEmpty else { throw RawConnectionError(.malformed, "a chunk is too long") }
        }
        while true {
            let line = try self.takeLine()
            if line.isEmpty { return }
            response.trailers.append(try Self.field(String(decoding: line, as: UTF8.self)))
        }
    }

    /// A line without its end, which is CR LF and nothing else.
    private mutating func takeLine() throws -> [UInt8] {
        var searched = 0
        while true {
            if let end = self.rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = try self.take(end + 1)
                guard line.suffix(2) == Self.lineEnd[...] else {
                    throw RawConnectionError(.malformed, "a line ends in a bare line feed")
                }
                return line.dropLast(2)
            }
            searched = self.rest.count
            try self.limit(searched, RawConnection.headBytesMax)
            try self.fillOrFail()
        }
    }

    private mutating func take(_ count: Int) throws -> [UInt8] {
        try self.limit(count, RawConnection.bodyBytesMax)
        while self.rest.count < count { try self.fillOrFail() }
        defer { self.rest.removeFirst(count) }
        return Array(self.rest.prefix(count))
    }

    private mutating func fillOrFail() throws {
        guard try self.fill() else {
            let isBetween = self.rest.isEmpty && self.partial == nil
            throw RawConnectionError(isBetween ? .closed : .truncated, "the peer has closed the connection")
        }
    }

    /// - Returns: false at the end of the stream.
    private mutating func fill() throws -> Bool {
        let bytes = try self.socket.receive(bytesMax: Self.receiveBytesMax, deadline: self.deadline)
        self.rest += bytes
        return !bytes.isEmpty
    }

    private func limit(_ bytes: Int, _ bytesMax: Int) throws {
        guard bytes <= bytesMax else { throw RawConnectionError(.malformed, "more than \(bytesMax) bytes") }
    }
}
