/// The name of a sealed blob in the store: 128 random bits, written as 32 lowercase hexadecimal characters.
package struct BlobID: Hashable, Comparable, Sendable, CustomStringConvertible {
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
    package static func make() -> BlobID {
        BlobID(bytes: (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max) })
    }

    package var description: String { Hex.encode(self.bytes) }

    package static func < (left: BlobID, right: BlobID) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}
