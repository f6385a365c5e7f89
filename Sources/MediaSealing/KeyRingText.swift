import MediaModel

/// A key ring file's text, and the keys in it (docs/BLOB-FORMAT.md, "Key ring file").
///
/// Comments, blank lines and the order of lines are the operator's: a change adds or removes one line and keeps every
/// other byte.
struct KeyRingText: ~Copyable {
    /// One key, and where it stands.
    struct Line {
        let key: EnvelopeKey
        /// With the line feed, where there is one.
        let range: Range<Int>
    }

    /// What a ring begins with that we make.
    private static let remark = Array(
        "# Root keys, newest first: id:base64 of 32 bytes. What is stored under a lost key is lost: keep a copy.\n".utf8
    )

    let text: SecretBytes
    /// At least one, in the order of the text.
    let lines: [Line]

    var keys: [EnvelopeKey] { self.lines.map(\.key) }

    /// The text of a ring with this one key.
    static func text(of key: EnvelopeKey) -> SecretBytes { Self.line(for: key, after: Self.remark) }

    /// The text with `key` above all others, below the comments that the text begins with.
    func adding(_ key: EnvelopeKey) -> SecretBytes {
        let line = Self.line(for: key)
        let position = self.lines[0].range.lowerBound
        return line.withBytes { line in
            self.text.withBytes { SecretBytes(joining: $0[..<position], line[...], $0[position...]) }
        }
    }

    /// The text without `line`.
    func removing(_ line: Line) -> SecretBytes {
        self.text.withBytes { SecretBytes(joining: $0[..<line.range.lowerBound], $0[line.range.upperBound...]) }
    }

    private static func line(for key: EnvelopeKey, after opening: [UInt8] = []) -> SecretBytes {
        let opening = opening + Array("\(key.id):".utf8)
        var line = SecretBytes(count: opening.count + KeyBase64.length + 1)
        line.withMutableBytes { line in
            for (index, character) in opening.enumerated() { line[index] = character }
            key.withBytes { KeyBase64.encode($0.assumingMemoryBound(to: UInt8.self), into: line, at: opening.count) }
            line[line.count - 1] = UInt8(ascii: "\n")
        }
        return line
    }
}

extension KeyRingText {
    /// Reads the keys of a text.
    ///
    /// An error tells the line and the rule; nothing of the text itself, since what stands in the wrong place may be
    /// a key.
    ///
    /// - Parameter path: of the file, for the error.
    init(parsing text: consuming SecretBytes, path: String) throws(KeyError) {
        self.lines = try text.withBytes { (bytes) throws(KeyError) in try Self.parse(bytes, path: path) }
        self.text = text
    }

    private static func parse(_ text: UnsafeBufferPointer<UInt8>, path: String) throws(KeyError) -> [Line] {
        var lines: [Line] = []
        var numberOfID: [EnvelopeKeyID: Int] = [:]
        let pieces = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, piece) in pieces.enumerated() where !Self.isRemark(piece) {
            let number = index + 1
            let key = try Self.parseKey(piece, place: "\(path), line \(number)")
            if let before = numberOfID.updateValue(number, forKey: key.id) {
                throw KeyError(
                    .badKeyRing,
                    detail: "\(path), line \(number): the id of line \(before); expected each id once"
                )
            }
            lines.append(Line(key: key, range: piece.startIndex..<min(piece.endIndex + 1, text.endIndex)))
        }
        guard !lines.isEmpty else {
            throw KeyError(.badKeyRing, detail: "\(path): no key; expected at least one line 'id:base64'")
        }
        return lines
    }

    /// Whether a line is blank or a comment.
    private static func isRemark(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        line.first == UInt8(ascii: "#") || line.allSatisfy { [UInt8(ascii: " "), UInt8(ascii: "\t")].contains($0) }
    }

    private static func parseKey(
        _ line: Slice<UnsafeBufferPointer<UInt8>>,
        place: String
    ) throws(KeyError) -> EnvelopeKey {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw KeyError(.badKeyRing, detail: "\(place): expected 'id:base64'")
        }
        guard let id = EnvelopeKeyID(String(decoding: line[..<colon], as: UTF8.self)) else {
            throw KeyError(.badKeyRing, detail: "\(place): the id; expected 1 to 64 characters of [a-z0-9._-]")
        }
        let text = line[line.index(after: colon)...]
        return try EnvelopeKey(id: id) { (key) throws(KeyError) in
            guard KeyBase64.decode(text, into: key) else {
                throw KeyError(
                    .badKeyRing,
                    detail: "\(place): the key; expected 44 characters of base64 (32 bytes) and nothing after them"
                )
            }
        }
    }
}
