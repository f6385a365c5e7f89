/// One HTTP/1.1 response, as it was on the wire.
package struct RawResponse: Sendable {
    /// One field line: its name as it was spelt, its value without the white space around it.
    package struct Field: Hashable, Sendable, CustomStringConvertible {
        package let name: String
        package let value: String

        package var description: String { "\(self.name): \(self.value)" }
    }

    /// How the end of the body is known.
    package enum Framing: Hashable, Sendable {
        /// HEAD, 1xx, 204 and 304.
        case noBody
        case contentLength(Int)
        case chunked
        case untilClose
    }

    package let status: Int
    package let reason: String
    /// In the order in which they came, with repetitions.
    package let fields: [Field]
    /// All of the head's bytes, the empty line included.
    package let head: [UInt8]
    package let framing: Framing
    /// Without the framing of chunks.
    package internal(set) var body: [UInt8] = []
    /// Data of each chunk, in bytes, without the last one, which is empty.
    package internal(set) var chunkBytes: [Int] = []
    /// The fields after the last chunk.
    package internal(set) var trailers: [Field] = []

    /// The values of all fields of that name, in whatever case it is spelt.
    package func values(_ name: String) -> [String] {
        self.fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// The value of the field; several are joined by a comma (RFC 9110 §5.3), nil stands for none.
    package subscript(name: String) -> String? {
        let values = self.values(name)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// The body as UTF-8, repaired where it is none.
    package var text: String { String(decoding: self.body, as: UTF8.self) }
}
