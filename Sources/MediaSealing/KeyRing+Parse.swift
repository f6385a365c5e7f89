import MediaModel

extension KeyRing {
    /// The keys of a key ring's text, in the order of its lines.
    ///
    /// An error tells the line and the rule; nothing of the text itself, since what stands in the wrong place may be
    /// a key.
    static func parse(_ text: Slice<UnsafeBufferPointer<UInt8>>, path: String) throws -> [EnvelopeKey] {
        var keys: [EnvelopeKey] = []
        var lineOfID: [EnvelopeKeyID: Int] = [:]
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !Self.isRemark(line) {
            let number = index + 1
            let key = try Self.parseKey(line, place: "\(path), line \(number)")
            if let before = lineOfID.updateValue(number, forKey: key.id) {
                throw KeyError(
                    .badKeyRing,
                    detail: "\(path), line \(number): the id of line \(before); expected each id once"
                )
            }
            keys.append(key)
        }
        guard !keys.isEmpty else { throw Self.bad(path, "no key; expected at least one line 'id:base64'") }
        return keys
    }

    /// Whether a line is blank or a comment.
    private static func isRemark(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        line.first == UInt8(ascii: "#") || line.allSatisfy { [UInt8(ascii: " "), UInt8(ascii: "\t")].contains($0) }
    }

    private static func parseKey(_ line: Slice<UnsafeBufferPointer<UInt8>>, place: String) throws -> EnvelopeKey {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw KeyError(.badKeyRing, detail: "\(place): expected 'id:base64'")
        }
        guard Self.isID(line[..<colon]) else {
            throw KeyError(.badKeyRing, detail: "\(place): the id; expected 1 to 64 characters of [a-z0-9._-]")
        }
        guard var bytes = KeyBase64.decode(line[line.index(after: colon)...]) else {
            throw KeyError(
                .badKeyRing,
                detail: "\(place): the key; expected 44 characters of base64 (32 bytes) and nothing after them"
            )
        }
        defer { wipe(&bytes) }
        return EnvelopeKey(id: EnvelopeKeyID(String(decoding: line[..<colon], as: UTF8.self)), bytes: bytes)
    }
}
