import FoundationEssentials

/// Header fields that are secrets, in a file of their own: one a line, `Name: value`, as curl's `-H @file` takes them.
enum HeaderFile {
    static let linesMax = 16

    static func read(_ path: String) throws(SecretFileError) -> [(name: String, value: Secret)] {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw SecretFileError(description: "expected a file that can be read")
        }
        guard bytes.count <= SecretFile.bytesMax else {
            throw SecretFileError(description: "expected at most \(SecretFile.bytesMax) bytes")
        }
        let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }.filter { !$0.allSatisfy { $0 == 0x20 } }
        let fields = lines.compactMap(Self.field)
        guard (1...Self.linesMax).contains(lines.count), fields.count == lines.count else {
            throw SecretFileError(
                description: "expected 1 to \(Self.linesMax) lines of the form 'Name: value', of printable ASCII"
            )
        }
        return fields
    }

    private static func field(_ line: ArraySlice<UInt8>) -> (name: String, value: Secret)? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = line[..<colon]
        let blank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let value = line[(colon + 1)...].drop(while: blank).reversed().drop(while: blank).reversed()
        guard !name.isEmpty, name.allSatisfy(Self.isTokenByte), !value.isEmpty,
            value.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        return (String(decoding: name, as: UTF8.self), Secret(String(decoding: Array(value), as: UTF8.self)))
    }

    /// tchar of RFC 9110 §5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
