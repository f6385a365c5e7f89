/// A field's value and its parameters: `form-data; name="file"; filename="a.jpg"`.
struct HeaderParameters {
    /// In lowercase.
    let value: String
    private var parameters: [String: String] = [:]

    /// - Parameter name: in lowercase.
    subscript(name: String) -> String? { self.parameters[name] }

    /// - Returns: nil when it is not `value *( ";" name "=" ( token / quoted-string ) )`, or names a parameter twice.
    init?(_ field: String) {
        let bytes = Array(field.utf8)
        let end = bytes.firstIndex(of: UInt8(ascii: ";")) ?? bytes.endIndex
        let value = Self.trimmed(bytes[..<end])
        guard !value.isEmpty, value.allSatisfy({ Self.isTokenByte($0) || $0 == UInt8(ascii: "/") }) else { return nil }
        self.value = String(decoding: value, as: UTF8.self).lowercased()
        var rest = bytes[end...]
        while rest.first == UInt8(ascii: ";") {
            rest = rest.dropFirst().drop(while: Self.isSpace)
            // A semicolon at the end is common, and harmless.
            if rest.isEmpty { break }
            guard let (name, content) = Self.takeParameter(&rest) else { return nil }
            guard self.parameters.updateValue(content, forKey: name) == nil else { return nil }
            rest = rest.drop(while: Self.isSpace)
        }
        guard rest.isEmpty else { return nil }
    }

    private static func takeParameter(_ rest: inout ArraySlice<UInt8>) -> (name: String, content: String)? {
        let name = rest.prefix(while: Self.isTokenByte)
        rest = rest.dropFirst(name.count)
        guard !name.isEmpty, rest.first == UInt8(ascii: "=") else { return nil }
        rest = rest.dropFirst()
        guard let content = rest.first == UInt8(ascii: "\"") ? Self.takeQuoted(&rest) : Self.takeToken(&rest) else {
            return nil
        }
        return (String(decoding: name, as: UTF8.self).lowercased(), String(decoding: content, as: UTF8.self))
    }

    private static func takeToken(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        let token = rest.prefix(while: Self.isTokenByte)
        rest = rest.dropFirst(token.count)
        return token.isEmpty ? nil : Array(token)
    }

    /// A backslash counts only before a quote or a backslash. curl escapes those two; browsers write `%22` for a quote
    /// and leave the backslashes of a Windows path as they are.
    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var content: [UInt8] = []
        var index = rest.startIndex + 1
        while index < rest.endIndex {
            let byte = rest[index]
            if byte == UInt8(ascii: "\"") {
                rest = rest[(index + 1)...]
                return content
            }
            let next = index + 1 < rest.endIndex ? rest[index + 1] : 0
            if byte == UInt8(ascii: "\\"), next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") { index += 1 }
            content.append(rest[index])
            index += 1
        }
        return nil
    }

    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let bytes = bytes.drop(while: Self.isSpace)
        guard let last = bytes.lastIndex(where: { !Self.isSpace($0) }) else { return [] }
        return bytes[...last]
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// tchar (RFC 9110 §5.6.2).
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
