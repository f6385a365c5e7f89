import FoundationEssentials
package import MediaModel

/// The first 512 bytes of a sealed blob: whose it is, and its data key, wrapped (docs/BLOB-FORMAT.md, "Header").
///
/// They are plain text for whoever reads the disk, and authenticated to the last byte: the body's keys derive from
/// them.
package struct SealedHeader: Sendable, Hashable {
    /// Bytes of every header.
    package static let byteCount = 512
    /// Magic, version, suite, used length, blob id.
    static let fixedBytes = 24
    static let magic = Array("SBL1".utf8)
    static let formatVersion: UInt8 = 1
    /// Cobblestone-256 for the body, XAES-256-GCM for the wrap.
    static let suite: UInt8 = 1

    private static let wrapLabel = Array("sealed-blob/v1/wrap\0".utf8)
    private static let bodyLabel = Array("sealed-blob/v1/body\0".utf8)

    /// The blob's name, which the wrap is bound to.
    package let blob: BlobID
    /// All mandatory fields once the header is whole; all but `wrappedKey` before.
    private(set) var values: [HeaderField: [UInt8]]

    /// A header that lacks its wrapped data key still.
    package init(blob: BlobID, identity: BlobIdentity, envelopeKey: EnvelopeKeyID, source: BlobID? = nil) {
        self.blob = blob
        self.values = [
            .tenant: Array(identity.tenant.description.utf8),
            .asset: identity.asset.bytes,
            .version: bigEndian(UInt64(identity.version.value)),
            .variant: Array(identity.variant.utf8),
            .mediaType: Array(identity.mediaType.utf8),
            .envelopeKey: Array(envelopeKey.description.utf8),
            .created: bigEndian(Self.milliseconds(identity.createdAt)),
        ]
        self.values[.source] = source?.bytes
    }

    init(blob: BlobID, values: [HeaderField: [UInt8]]) {
        self.blob = blob
        self.values = values
    }

    /// The id of the key that the data key is wrapped under.
    package var envelopeKey: EnvelopeKeyID {
        guard let id = Self.envelopeKey(self[.envelopeKey]) else { preconditionFailure("a header has a key's id") }
        return id
    }

    /// Nil where the bytes of the field are no key's id.
    static func envelopeKey(_ bytes: [UInt8]) -> EnvelopeKeyID? {
        EnvelopeKeyID(String(decoding: bytes, as: UTF8.self))
    }

    subscript(field: HeaderField) -> [UInt8] { self.values[field] ?? [] }

    mutating func setWrappedKey(_ wrapped: [UInt8]) { self.values[.wrappedKey] = wrapped }

    /// The 512 bytes. Throws `.identityTooLong` where they do not suffice.
    package func encode() throws(SealError) -> [UInt8] {
        let fields = try self.encode(HeaderField.allCases)
        let used = Self.fixedBytes + fields.count
        guard used <= Self.byteCount else {
            throw SealError(.identityTooLong, detail: "a header of \(used) bytes; at most \(Self.byteCount)")
        }
        var bytes = Self.magic + [Self.formatVersion, Self.suite, UInt8(used >> 8), UInt8(used & 0xFF)]
        bytes += self.blob.bytes
        bytes += fields
        bytes += [UInt8](repeating: 0, count: Self.byteCount - used)
        return bytes
    }

    /// What the wrapped data key is authenticated with.
    func wrapContext() throws(SealError) -> [UInt8] {
        Self.wrapLabel + self.blob.bytes + (try self.encode(HeaderField.boundToWrap))
    }

    /// What the body's keys derive from, beside the data key: all 512 bytes, those of unknown fields and the padding
    /// too.
    static func bodyContext(_ header: some Collection<UInt8>) -> [UInt8] { Self.bodyLabel + header }

    private func encode(_ fields: [HeaderField]) throws(SealError) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            guard let value = self.values[field] else {
                precondition(!field.isMandatory, "a header is written once it is whole")
                continue
            }
            guard value.count <= HeaderField.valueBytesMax else {
                throw SealError(.identityTooLong, detail: "\(field) has \(value.count) bytes")
            }
            bytes += [field.rawValue, UInt8(value.count)] + value
        }
        return bytes
    }

    /// The nearest millisecond: a catalog that keeps milliseconds gives back a `Date` a few nanoseconds off, and
    /// cutting instead of rounding would then make another header of it. Times before 1970 count as 1970.
    private static func milliseconds(_ date: Date) -> UInt64 {
        UInt64(max(0, min((date.timeIntervalSince1970 * 1000).rounded(), 0x1p53)))
    }
}
