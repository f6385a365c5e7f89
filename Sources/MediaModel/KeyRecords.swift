package import FoundationEssentials

// The hierarchy of keys (docs/BLOB-FORMAT.md, "Keys"): a root key, which never leaves its provider, wraps envelope
// keys; an envelope key, one a tenant and epoch, wraps data keys; a data key, one a blob, seals the blob.

/// The name of a key that wraps data keys.
package struct EnvelopeKeyID: Hashable, Sendable, CustomStringConvertible {
    /// 1 ... 64 characters of `[a-z0-9._-]`.
    package let description: String

    package init(_ text: String) { self.description = text }

    /// A name that no other key has: `ek-` and a ULID, so that names sort by age.
    package static func make(at date: Date) -> EnvelopeKeyID { EnvelopeKeyID("ek-\(AssetID.make(at: date))") }
}

/// The name of a key that wraps envelope keys: a line's id in the key ring, or what a KMS calls its key (an ARN).
package struct RootKeyID: Hashable, Sendable, CustomStringConvertible {
    /// 1 ... 2048 printable ASCII characters.
    package let description: String

    package init(_ text: String) { self.description = text }

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
    package var root: RootKeyID { self.wrapped?.rootKey ?? RootKeyID(self.id.description) }
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
