/// A key for signed recipes as the settings have it: `id:file`. The secret is in the file, never here.
package struct SigningKeyText: Sendable, Hashable, CustomStringConvertible {
    private static let idBytesMax = 16

    /// What the key is called in signatures: 1 to 16 characters of `[a-z0-9-]`.
    let id: String
    let path: String

    /// - Returns: nil for another text than `id:file`.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let isID = parts[0].utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        guard parts.count == 2, isID, (1...Self.idBytesMax).contains(parts[0].utf8.count), !parts[1].isEmpty,
            !parts[1].utf8.contains(0)
        else { return nil }
        self.id = String(parts[0])
        self.path = String(parts[1])
    }

    package var description: String { "\(self.id):\(self.path)" }
}

extension SettingKind where Value == [SigningKeyText] {
    /// `id:file` each.
    static func signingKeys(countMax: Int) -> Self {
        let expected = "1 to \(countMax) keys of the form id:file, each id once and of a-z, 0-9 and -, separated by ;"
        return Self.named(
            expected: expected,
            countMax: countMax,
            name: \.id,
            format: \.description,
            read: { text throws(SettingKindError) in
                guard let key = SigningKeyText(text) else { throw SettingKindError(expected: expected) }
                return key
            }
        )
    }
}
