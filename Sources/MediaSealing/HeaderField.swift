/// The fields of a sealed blob's header, by their types (docs/BLOB-FORMAT.md, "Fields").
enum HeaderField: UInt8, CaseIterable, Sendable {
    case tenant = 0x01
    case asset = 0x02
    case version = 0x03
    case variant = 0x04
    case mediaType = 0x05
    case envelopeKey = 0x06
    case created = 0x07
    case wrappedKey = 0x7F
    /// The blob of the picture that a rendition was made of.
    case source = 0x80

    /// Types from here on may be ignored by a reader that does not know them; they are authenticated like all else.
    /// None of them is mandatory.
    static let ignorableTypeMin: UInt8 = 0x80
    /// The longest value, in bytes: its length is one byte.
    static let valueBytesMax = 255

    /// What the wrap of the data key is bound to. The envelope key's id is left out, so that the data key can be
    /// wrapped anew under another key without touching the blob.
    static let boundToWrap: [HeaderField] = [.tenant, .asset, .version, .variant, .mediaType]

    /// Whether a header without it is refused.
    var isMandatory: Bool { self.rawValue < Self.ignorableTypeMin }

    /// Bytes that the value must have, where its size is fixed.
    var fixedBytes: Int? {
        switch self {
        case .tenant, .variant, .mediaType, .envelopeKey: nil
        case .asset, .source: 16
        case .version, .created: 8
        case .wrappedKey: KeyWrap.byteCount
        }
    }
}
