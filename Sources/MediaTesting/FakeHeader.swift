import FoundationEssentials
import MediaModel

/// The first bytes of a blob that ``FakeSealing`` made: the fields of a real header, one after the other, and a wrapped
/// data key that is none.
struct FakeHeader {
    let facts: SealedFacts
    let wrapped: WrappedDataKey

    init(facts: SealedFacts, wrapped: WrappedDataKey) {
        self.facts = facts
        self.wrapped = wrapped
    }

    func encode() throws -> [UInt8] {
        let identity = self.facts.identity
        let milliseconds = UInt64((identity.createdAt.timeIntervalSince1970 * 1000).rounded())
        var bytes = self.facts.id.bytes + self.wrapped.bytes + identity.asset.bytes
        bytes += Self.bytes(of: UInt64(identity.version.value)) + Self.bytes(of: milliseconds)
        let texts = [
            identity.tenant.description, identity.variant, identity.mediaType, self.facts.envelopeKey.description,
        ]
        for field in texts.map({ Array($0.utf8) }) + [self.facts.source?.bytes ?? []] {
            guard let count = UInt8(exactly: field.count) else {
                throw SealError(.identityTooLong, detail: "\(field.count) bytes in a field")
            }
            bytes += [count] + field
        }
        guard bytes.count <= SealedLayout.prefixBytes else {
            throw SealError(.identityTooLong, detail: "\(bytes.count) bytes")
        }
        return bytes + [UInt8](repeating: 0, count: SealedLayout.prefixBytes - bytes.count)
    }

    /// - Parameter sealedBytes: of the whole blob.
    init(parsing prefix: [UInt8], sealedBytes: Int) throws {
        guard prefix.count == SealedLayout.prefixBytes, let bytes = Self.plaintextBytes(sealed: sealedBytes) else {
            throw SealError(.truncated, detail: "a prefix of \(prefix.count) bytes, \(sealedBytes) sealed bytes")
        }
        var rest = prefix[...]
        func take(_ count: Int) throws -> [UInt8] {
            guard rest.count >= count else { throw SealError(.malformedHeader, detail: "a field overruns") }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        func takeField() throws -> [UInt8] { try take(Int(take(1)[0])) }
        func takeText() throws -> String { String(decoding: try takeField(), as: UTF8.self) }

        let id = BlobID(bytes: try take(BlobID.byteCount))
        self.wrapped = WrappedDataKey(bytes: try take(WrappedDataKey.byteCount))
        let asset = AssetID(bytes: try take(AssetID.byteCount))
        let version = Self.number(try take(8))
        guard (1...UInt64(VersionNumber.max.value)).contains(version) else {
            throw SealError(.malformedHeader, detail: "version \(version)")
        }
        let createdAt = Date(timeIntervalSince1970: Double(Self.number(try take(8))) / 1000)
        let tenant = Tenant(name: try takeText())
        let identity = BlobIdentity(
            tenant: tenant,
            version: VersionRef(asset: asset, number: VersionNumber(Int(version))),
            variant: try takeText(),
            mediaType: try takeText(),
            createdAt: createdAt
        )
        guard let envelopeKey = EnvelopeKeyID(try takeText()) else {
            throw SealError(.malformedHeader, detail: "no key's id")
        }
        let source = try takeField()
        self.facts = SealedFacts(
            id: id,
            identity: identity,
            envelopeKey: envelopeKey,
            source: source.count == BlobID.byteCount ? BlobID(bytes: source) : nil,
            bytes: bytes
        )
    }

    private static func plaintextBytes(sealed: Int) -> Int? {
        let chunk = SealedLayout.chunkBytes + SealedLayout.tagBytes
        let (chunks, last) = (sealed - SealedLayout.prefixBytes).quotientAndRemainder(dividingBy: chunk)
        return last < SealedLayout.tagBytes ? nil : chunks * SealedLayout.chunkBytes + last - SealedLayout.tagBytes
    }

    private static func bytes(of number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }

    private static func number(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

/// What ``FakeSealing`` has for wrapped data keys: random bytes, and a fingerprint of them, the blob and the envelope
/// key.
enum FakeWrap {
    private static let nonceBytes = 24

    static func make(_ blob: BlobID, _ key: EnvelopeKey) -> WrappedDataKey {
        let nonce = (0..<Self.nonceBytes).map { _ in UInt8.random(in: .min ... .max) }
        return WrappedDataKey(bytes: nonce + Self.fingerprint(nonce, blob, key))
    }

    /// Throws `.keyMismatch` where it was not made for this blob under this key.
    static func check(_ wrapped: WrappedDataKey, of blob: BlobID, under key: EnvelopeKey) throws {
        let nonce = Array(wrapped.bytes.prefix(Self.nonceBytes))
        guard Array(wrapped.bytes.dropFirst(Self.nonceBytes)) == Self.fingerprint(nonce, blob, key) else {
            throw SealError(.keyMismatch, detail: "blob \(blob): its data key is not wrapped under \(key.id)")
        }
    }

    private static func fingerprint(_ nonce: [UInt8], _ blob: BlobID, _ key: EnvelopeKey) -> [UInt8] {
        let digest = FakeSealing.digest(
            nonce + blob.bytes + Array(key.id.description.utf8) + key.withBytes { Array($0) }
        )
        return digest.bytes + [UInt8](repeating: 0, count: WrappedDataKey.byteCount - Self.nonceBytes - 32)
    }
}
