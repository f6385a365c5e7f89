/// The head of a request for a picture, read where it lies, as far as it is simple.
///
/// Simple is a `GET` or `HEAD` in HTTP/1.1 without a body and without a say in how the connection goes on, spelt
/// exactly as RFC 9112 has it. This is no lenient parser beside the real one: whatever is not simple is the real one's,
/// with all that comes after it, so the two can never disagree about where a request ends.
struct SimpleHead: Equatable {
    enum Outcome: Equatable {
        /// Simple so far, and not at its end.
        case incomplete
        /// Not simple, and so is all that follows.
        case other
        case request(SimpleHead)
    }

    var isHead = false
    /// Where the target is.
    var target = 0..<0
    /// Bytes of the head, the empty line included.
    var length = 0
    /// The value of the one `If-None-Match`; nil without.
    var ifNoneMatch: Range<Int>?
    /// The value of the one `X-Request-Id`, which is safe; nil without.
    var requestID: Range<Int>?
    /// Whether there is one `traceparent`, by the letter, and the caller records its trace.
    var isTraced = false
    /// Nothing in it needs more than ``HotObject`` has: no range, no other condition, nothing that must be refused.
    var isPlain = true

    /// The limits of the real parser are wider or the same.
    static let fieldsMax = 64
    static let bytesMax = 16 * 1024

    /// - Parameter bytes: from the beginning of a request on.
    static func read(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        var reader = SimpleHeadReader(bytes)
        return reader.read()
    }

    /// What `If-None-Match` makes of the answer, by RFC 9110 §13.1.2. Nil where that needs more than a look: lists, and
    /// what is no tag.
    static func isNotModified(_ value: UnsafeRawBufferPointer, etag: [UInt8]) -> Bool? {
        if value.elementsEqual(etag) || value.elementsEqual("*".utf8) { return true }
        var tag = value[...]
        if tag.starts(with: "W/".utf8) { tag = tag.dropFirst(2) }
        if tag.elementsEqual(etag) { return true }
        let isOneTag =
            tag.count >= 2 && tag.first == UInt8(ascii: "\"") && tag.last == UInt8(ascii: "\"")
            && tag.dropFirst().dropLast().allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
        return isOneTag ? false : nil
    }
}

/// Reads one head from left to right.
private struct SimpleHeadReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var head = SimpleHead()
    private var hosts = 0
    private var fields = 0
    private var traceParents = 0
    private var hasModifiedSince = false

    /// How a step went.
    private enum Step { case done, incomplete, other }

    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")
    /// tchar (RFC 9110 §5.6.2), as the bits of two words.
    private static let tokenBytes: (UInt64, UInt64) = (0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE)

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func read() -> SimpleHead.Outcome {
        var step = self.readRequestLine()
        while step == .done {
            if self.position + 1 < self.bytes.count, self.bytes[self.position] == Self.carriageReturn {
                guard self.bytes[self.position + 1] == Self.lineFeed, self.hosts == 1 else { return .other }
                self.head.length = self.position + 2
                // Without If-None-Match the date would count.
                if self.hasModifiedSince, self.head.ifNoneMatch == nil { self.head.isPlain = false }
                return .request(self.head)
            }
            step = self.readField()
        }
        guard step == .incomplete, self.bytes.count < SimpleHead.bytesMax else { return .other }
        return .incomplete
    }

    private mutating func readRequestLine() -> Step {
        let method = self.skip("GET /")
        if method == .other {
            let head = self.skip("HEAD /")
            guard head == .done else { return head }
            self.head.isHead = true
        } else if method == .incomplete {
            return .incomplete
        }
        let start = self.position - 1
        while self.position < self.bytes.count, self.isTargetByte(self.bytes[self.position]) { self.position += 1 }
        guard self.position < self.bytes.count else { return .incomplete }
        self.head.target = start..<self.position
        return self.skip(" HTTP/1.1\r\n")
    }

    private mutating func readField() -> Step {
        self.fields += 1
        guard self.fields <= SimpleHead.fieldsMax else { return .other }
        let start = self.position
        while self.position < self.bytes.count, self.isTokenByte(self.bytes[self.position]) { self.position += 1 }
        guard self.position < self.bytes.count else { return .incomplete }
        let name = start..<self.position
        guard self.bytes[self.position] == UInt8(ascii: ":"), !name.isEmpty else {
            // A lone CR at the end of what is here may be the empty line's.
            let isEnd = name.isEmpty && self.bytes[self.position] == Self.carriageReturn
            return isEnd && self.position + 1 == self.bytes.count ? .incomplete : .other
        }
        self.position += 1
        while self.position < self.bytes.count, self.isSpace(self.bytes[self.position]) { self.position += 1 }
        let valueStart = self.position
        while self.position < self.bytes.count, self.isValueByte(self.bytes[self.position]) { self.position += 1 }
        guard self.position + 1 < self.bytes.count else { return .incomplete }
        guard self.bytes[self.position] == Self.carriageReturn, self.bytes[self.position + 1] == Self.lineFeed else {
            return .other
        }
        var valueEnd = self.position
        while valueEnd > valueStart, self.isSpace(self.bytes[valueEnd - 1]) { valueEnd -= 1 }
        self.position += 2
        return self.take(name, valueStart..<valueEnd)
    }

    /// What a field has to say about how the request is answered, and who answers it.
    private mutating func take(_ name: Range<Int>, _ value: Range<Int>) -> Step {
        switch name.count {
        case 4 where self.isEqual(name, "host"):
            self.hosts += 1
            return !value.isEmpty && value.allSatisfy { self.isHostByte(self.bytes[$0]) } ? .done : .other
        case 6 where self.isEqual(name, "expect"), 7 where self.isEqual(name, "upgrade"),
            14 where self.isEqual(name, "content-length"), 17 where self.isEqual(name, "transfer-encoding"):
            return .other
        case 10 where self.isEqual(name, "connection"):
            return value.count == 10 && self.isEqual(value, "keep-alive") ? .done : .other
        case 13 where self.isEqual(name, "if-none-match"):
            if self.head.ifNoneMatch == nil { self.head.ifNoneMatch = value } else { self.head.isPlain = false }
        case 17 where self.isEqual(name, "if-modified-since"): self.hasModifiedSince = true
        case 12 where self.isEqual(name, "x-request-id"):
            // Two, or what cannot be said again: it gets one of ours, the long way.
            let isSafe = self.head.requestID == nil && RequestID.isSafe(self.bytes[value])
            if isSafe { self.head.requestID = value } else { self.head.isPlain = false }
        case 11 where self.isEqual(name, "traceparent"):
            self.traceParents += 1
            // Two are none.
            self.head.isTraced = self.traceParents == 1 && CallersTrace.isSampled(self.bytes[value])
        case 5 where self.isEqual(name, "range"), 8 where self.isEqual(name, "if-match"),
            8 where self.isEqual(name, "if-range"), 19 where self.isEqual(name, "if-unmodified-since"),
            12 where self.isEqual(name, "content-type"), 13 where self.isEqual(name, "authorization"),
            16 where self.isEqual(name, "content-encoding"):
            self.head.isPlain = false
        default: break
        }
        return .done
    }

    private mutating func skip(_ text: StaticString) -> Step {
        let start = self.position
        for offset in 0..<text.utf8CodeUnitCount {
            guard start + offset < self.bytes.count else { return .incomplete }
            guard self.bytes[start + offset] == text.utf8Start[offset] else { return .other }
        }
        self.position = start + text.utf8CodeUnitCount
        return .done
    }

    /// - Parameters:
    ///   - range: of token bytes, as many as `lowercase` has.
    ///   - lowercase: letters and hyphens, which the bit of the lower case does not change.
    private func isEqual(_ range: Range<Int>, _ lowercase: StaticString) -> Bool {
        for offset in 0..<range.count
        where self.bytes[range.lowerBound + offset] | 0x20 != lowercase.utf8Start[offset] { return false }
        return true
    }

    private func isTokenByte(_ byte: UInt8) -> Bool {
        guard byte < 0x80 else { return false }
        let word = byte < 0x40 ? Self.tokenBytes.0 : Self.tokenBytes.1
        return word >> UInt64(byte & 0x3F) & 1 == 1
    }

    private func isTargetByte(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#") }

    /// Text in a value: obs-text is the real parser's.
    private func isValueByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F || byte == 0x09 }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Fewer than RFC 3986 has; `RequestGuard` judges the others.
    private func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3A, 0x41...0x5B, 0x5D, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }
}
