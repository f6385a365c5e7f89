import HTTPTypes
import MediaModel
import MediaOrigin

/// What `Content-Digest` (RFC 9530 §2) says of a request's content: of the bytes as they are sent, after the transfer
/// coding was taken away. Of a multipart body that is all of it, not the picture.
struct ContentDigest: Sendable {
    /// One digest or more, by its algorithm.
    let expected: [DigestAlgorithm: [UInt8]]

    /// - Returns: nil where there is no such field, or it names only algorithms that are not for this: unknown ones,
    ///   and those that prove nothing (MD5, SHA-1, CRC32c, Adler: RFC 9530 §5 forbids them against an attacker).
    /// - Throws: `bad-digest` where the field is no dictionary, or a digest is not one of its algorithm.
    init?(_ fields: HTTPFields) throws(Problem) {
        let lines = fields[values: .contentDigest]
        guard !lines.isEmpty else { return nil }
        var expected: [DigestAlgorithm: [UInt8]] = [:]
        for (key, value) in try Self.members(lines) {
            guard let algorithm = DigestAlgorithm(rawValue: key) else { continue }
            guard case .bytes(let bytes) = value, bytes.count == algorithm.byteCount else { throw .badDigest }
            expected[algorithm] = bytes
        }
        guard !expected.isEmpty else { return nil }
        self.expected = expected
    }

    private static func members(_ lines: [String]) throws(Problem) -> [String: StructuredField.Item] {
        do {
            return try StructuredField.dictionary(lines)
        } catch {
            throw .badDigest
        }
    }

    /// Starts to compute what is expected.
    func running(_ digests: any Digesting) -> RunningContentDigest {
        RunningContentDigest(self.expected.map { (digests.makeDigest($0.key), $0.value) })
    }
}

/// The digests of a body that is on its way.
struct RunningContentDigest: Sendable {
    private var parts: [(running: any RunningDigest, expected: [UInt8])]

    fileprivate init(_ parts: [(any RunningDigest, [UInt8])]) { self.parts = parts }

    mutating func update(_ bytes: [UInt8]) {
        for index in self.parts.indices { self.parts[index].running.update(bytes) }
    }

    /// To be called once, at the end of the body. Throws `.digestMismatch` unless every digest is the expected one.
    mutating func check() throws {
        for index in self.parts.indices {
            guard self.parts[index].running.finish() == self.parts[index].expected else {
                throw OriginError(.digestMismatch)
            }
        }
    }
}
