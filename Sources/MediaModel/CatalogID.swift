/// Which catalog it is: 128 random bits from the day it was made, written as 32 lowercase hexadecimal characters.
///
/// A copy of a catalog has its id, so that a back-up is known as that of this one.
package struct CatalogID: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 16

    /// 16 bytes.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount)
        self.bytes = bytes
    }

    /// Takes 32 lowercase hexadecimal characters.
    package init?(_ text: some StringProtocol) {
        guard let bytes = Hex.decode(text), bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// A fresh random id (from the system's generator, `getrandom(2)` on Linux).
    package static func make() -> CatalogID {
        CatalogID(bytes: (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max) })
    }

    package var description: String { Hex.encode(self.bytes) }
}

extension CatalogID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = CatalogID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the id of a catalog")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}
