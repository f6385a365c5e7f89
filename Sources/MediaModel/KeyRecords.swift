package import FoundationEssentials

// The hierarchy of keys (docs/BLOB-FORMAT.md, "Keys"): a root key, which never leaves its provider, wraps envelope
// keys; an envelope key, one a tenant and epoch, wraps data keys; a data key, one a blob, seals the blob.

/// The name of a key that wraps data keys.
package struct EnvelopeKeyID: Hashable, Sendable, CustomStringConvertible {
    /// Characters at the most.
    package static let lengthMax = 64

    /// 1 ... 64 characters of `[a-z0-9._-]`: it goes into log lines and onto command lines as it is.
    package let description: String

    /// Nil for what is no such name.
    package init?(_ text: some StringProtocol) {
        let characters = text.utf8
        guard (1...Self.lengthMax).contains(characters.count), characters.allSatisfy(Self.isCharacter) else {
            return nil
        }
        self.description = String(text)
    }

    private init(madeOf id: AssetID) { self.description = "ek-\(id)" }

    /// A name that no other key has: `ek-` and a ULID, so that names sort by age.
    package static func make(at date: Date) -> EnvelopeKeyID { EnvelopeKeyID(madeOf: .make(at: date)) }

    private static func isCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}

/// The name of a key that wraps envelope keys: a line's id in the key ring, or what a KMS calls its key (an ARN).
package struct RootKeyID: Hashable, Sendable, CustomStringConvertible {
    /// Characters at the most: those of a key's ARN in AWS KMS.
    package static let lengthMax = 2048

    /// 1 ... 2048 printable ASCII characters, none of them a blank.
    package let description: String

    /// Nil for what is no such name.
    package init?(_ text: some StringProtocol) {
        let characters = text.utf8
        guard (1...Self.lengthMax).contains(characters.count), characters.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.description = String(text)
    }

    /// A line of a key ring, which may be a root key and a former envelope key.
    package init(line id: EnvelopeKeyID) { self.description = id.description }

    /// Whether a KMS has the key; else it is a line of a key ring, whose ids have no colon in them.
    package var isARN: Bool { self.description.hasPrefix("arn:") }
}

/// An envelope key as it may be stored: encrypted under a root key. What the bytes are is its provider's affair.
package struct WrappedEnvelopeKey: Hashable, Sendable {
    /// Bytes at the most: that of AWS KMS (6144), which has the longest.
    package static let bytesMax = 6144

    package let rootKey: RootKeyID
    package let bytes: [UInt8]

    package init(rootKey: RootKeyID, bytes: [UInt8]) {
        self.rootKey = rootKey
        self.bytes = bytes
    }
}

/// An envelope key as the catalog knows it.
package struct EnvelopeKeyRecord: Hashable, Sendable {
    package let id: EnvelopeKeyID
    /// Whose data keys it wraps.
    package let tenant: Tenant
    /// Milliseconds since 1970 are kept.
    package let createdAt: Date
    /// Nil: the key is a line of the key ring itself, as all were before there were root keys.
    package let wrapped: WrappedEnvelopeKey?

    package init(id: EnvelopeKeyID, tenant: Tenant, createdAt: Date, wrapped: WrappedEnvelopeKey?) {
        self.id = id
        self.tenant = tenant
        self.createdAt = createdAt
        self.wrapped = wrapped
    }

    /// What it cannot be opened without. A former key is a line of the key ring, as root keys are.
    package var root: RootKeyID { self.wrapped?.rootKey ?? RootKeyID(line: self.id) }
}

/// A data key as it may be stored: wrapped under an envelope key.
package struct WrappedDataKey: Hashable, Sendable {
    /// Nonce 24, ciphertext 32, tag 16.
    package static let byteCount = 72

    package let bytes: [UInt8]

    /// - Parameter bytes: ``byteCount`` of them.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount)
        self.bytes = bytes
    }
}
