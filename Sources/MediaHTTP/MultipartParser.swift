/// Reads a multipart/form-data body (RFC 7578, RFC 2046 §5.1) as it arrives, without keeping it.
///
/// A value that is fed chunks and returns events. Data is returned as slices of the chunk it came in, so nothing is
/// copied here; what may be the start of a delimiter at a chunk's end is not stored either, because it equals the
/// delimiter's own first bytes. The only thing kept is the headers of one part.
///
/// The delimiter begins with CR and has no other, so that after a mismatch the search goes on where it stands: every
/// byte is looked at twice at the most, whatever the data is like.
///
/// Strict, because a lenient parser sees another body than the proxy in front of it: lines end with CRLF, a line that
/// begins with the delimiter is one and nothing else may follow, headers are not folded, `Content-Disposition` is
/// `form-data`. Lenient where RFC 2046 is: preamble, white space after a delimiter, epilogue.
package struct MultipartParser: Sendable {
    /// Bytes before the first delimiter.
    package static let preambleBytesMax = 4096
    /// Bytes after the last delimiter.
    package static let epilogueBytesMax = 4096
    /// White space between a delimiter and its line's end.
    package static let paddingBytesMax = 64
    package static let partsMax = 16
    /// All header lines of one part, with their line ends.
    package static let headerBytesMax = 8192
    package static let headerLinesMax = 16
    package static let nameBytesMax = 256
    package static let filenameBytesMax = 1024

    /// What a part says about itself.
    package struct Part: Sendable, Hashable {
        /// The form field.
        package let name: String
        /// As the client sent it; never to become a path.
        package let filename: String?
        /// A claim, not checked.
        package let contentType: String?
    }

    package enum Event: Sendable, Hashable {
        case partBegan(Part)
        /// Data of the part; never empty.
        case body(ArraySlice<UInt8>)
        case partEnded
        /// The last delimiter; what follows is an epilogue that is ignored.
        case finished
    }

    enum State {
        case preamble
        /// Right after a delimiter: is it the last?
        case delimiterEnd
        /// After the first dash behind a delimiter.
        case closingDash
        /// White space up to the line's end.
        case padding
        /// After the CR of a delimiter's line.
        case paddingLineFeed
        case headers
        case body
        case epilogue
        case failed(MultipartError)
    }

    /// CRLF, two dashes, the boundary.
    let delimiter: [UInt8]
    var state = State.preamble
    /// How many of the delimiter's bytes the input's end equals.
    var matched: Int
    /// How many of those never were in the input: the first delimiter needs no CRLF before it, nor does one that
    /// follows the headers at once, because the blank line's is counted as its own.
    var implied: Int
    var headers = PartHeaders()
    var parts = 0
    /// Of the present preamble, padding or epilogue.
    var ignoredBytes = 0

    /// Bytes looked at so far, at the most two for each that was fed in: what the tests of linear time count.
    package internal(set) var bytesExamined = 0
    /// Bytes kept between two calls.
    package var bytesBuffered: Int { self.headers.bytesKept }

    /// - Parameter contentType: the value of the request's `Content-Type`.
    package init(contentType: String) throws(MultipartError) {
        let boundary = try Self.boundary(of: contentType)
        self.delimiter = [0x0D, 0x0A, 0x2D, 0x2D] + boundary
        self.matched = Self.lineEndBytes
        self.implied = Self.lineEndBytes
    }

    static let lineEndBytes = 2

    /// Takes the next bytes of the body.
    ///
    /// - Returns: what they were; body events hold on to `bytes`.
    /// - Throws: what is wrong; after that the parser only throws the same again.
    package mutating func consume(_ bytes: [UInt8]) throws(MultipartError) -> [Event] {
        var events: [Event] = []
        var position = 0
        do {
            while position < bytes.count { try self.step(bytes, &position, &events) }
        } catch {
            self.state = .failed(error)
            throw error
        }
        return events
    }

    /// To be called at the end of the body.
    package func finish() throws(MultipartError) {
        switch self.state {
        case .epilogue: return
        case .failed(let error): throw error
        default: throw MultipartError(.truncated, detail: "the body ended before its last delimiter")
        }
    }

    /// Goes on by at least one byte.
    private mutating func step(_ bytes: [UInt8], _ position: inout Int, _ events: inout [Event]) throws(MultipartError)
    {
        switch self.state {
        case .preamble: try self.skipPreamble(bytes, &position)
        case .delimiterEnd: try self.endDelimiter(bytes, &position)
        case .closingDash: try self.close(bytes, &position, &events)
        case .padding: try self.skipPadding(bytes, &position)
        case .paddingLineFeed: try self.beginHeaders(bytes, &position)
        case .headers: try self.readHeaders(bytes, &position, &events)
        case .body: self.readBody(bytes, &position, &events)
        case .epilogue:
            try self.ignore(bytes.count - position, upTo: Self.epilogueBytesMax, "epilogue")
            position = bytes.count
        case .failed(let error): throw error
        }
    }
}
