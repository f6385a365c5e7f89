package import FoundationEssentials
package import MediaModel

/// Records for tests: sound, small, and no two alike.
package enum Samples {
    /// A whole number of milliseconds after 1970, as all stored times are: 2026-11-21 07:00:00.123 UTC.
    package static let moment = Date(timeIntervalSince1970: 1_795_244_400.123)

    /// `milliseconds` after ``moment``, exact to the millisecond.
    package static func moment(plus milliseconds: Int) -> Date {
        Date(timeIntervalSince1970: Double(1_795_244_400_123 + milliseconds) / 1000)
    }

    /// An id whose order is that of `number` (0 ... 65535).
    package static func assetID(_ number: Int) -> AssetID {
        AssetID(bytes: [UInt8](repeating: 1, count: 14) + [UInt8(number >> 8), UInt8(number & 255)])
    }

    /// `count` bytes that differ from place to place and from `seed` to `seed`.
    package static func bytes(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
        // Blocks that are alike but for their first byte: quick to make, also in a debug build.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + Self.block.count)
        for number in 0..<(count / Self.block.count + 1) {
            bytes.append(seed &+ UInt8(truncatingIfNeeded: number))
            bytes.append(contentsOf: Self.block.dropFirst())
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// A prime number of bytes, so that blocks and whatever is read in pages or chunks never keep step.
    private static let block: [UInt8] = (0..<4093).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 251) }

    /// The envelope key of ``blob(of:variant:mediaType:bytes:createdAt:)``; a catalog must have it.
    package static let envelopeKey = Samples.key("test-key")

    /// An envelope key of the default tenant, as a catalog keeps it.
    package static func key(
        _ id: String,
        tenant: Tenant = .default,
        createdAt: Date = Samples.moment,
        rootKey: String = "test-root"
    ) -> EnvelopeKeyRecord {
        EnvelopeKeyRecord(
            id: EnvelopeKeyID(stringLiteral: id),
            tenant: tenant,
            createdAt: createdAt,
            wrapped: WrappedEnvelopeKey(rootKey: RootKeyID(stringLiteral: rootKey), bytes: Self.bytes(60))
        )
    }

    /// A row for a blob with a random id.
    package static func blob(
        of version: VersionRef,
        variant: String = "original",
        mediaType: String = "image/jpeg",
        bytes: Int = 1_887_304,
        createdAt: Date = Samples.moment,
        tenant: Tenant = .default,
        sha256: SHA256Digest? = nil,
        envelopeKey: EnvelopeKeyID = Samples.envelopeKey.id
    ) -> BlobRecord {
        let id = BlobID.make()
        let identity = BlobIdentity(
            tenant: tenant,
            version: version,
            variant: variant,
            mediaType: mediaType,
            createdAt: createdAt
        )
        return BlobRecord(
            id: id,
            sealedAs: identity,
            bytes: bytes,
            sealedBytes: SealedLayout.sealedBytes(for: bytes),
            sha256: sha256 ?? SHA256Digest(bytes: id.bytes + id.bytes),
            envelopeKey: envelopeKey
        )
    }

    /// The digest of the `number`th picture (0 ... 255) of those that are uploaded more than once.
    package static func digest(_ number: Int) -> SHA256Digest {
        SHA256Digest(bytes: [UInt8](repeating: UInt8(number), count: SHA256Digest.byteCount))
    }

    /// A `processing` version as `Catalog.begin` takes it.
    ///
    /// - Parameter source: its own new blob unless another is given.
    package static func version(
        _ number: Int = 1,
        of asset: AssetID = .make(),
        presets: [Preset] = Preset.defaults,
        createdAt: Date = Samples.moment,
        isAnnounced: Bool = false,
        tenant: Tenant = .default,
        source: BlobRecord? = nil,
        sha256: SHA256Digest? = nil,
        focus: FocalPoint? = nil
    ) -> AssetVersion {
        let ref = VersionRef(asset: asset, number: VersionNumber(number))
        return AssetVersion(
            ref: ref,
            tenant: tenant,
            state: .processing,
            createdAt: createdAt,
            source: source ?? Self.blob(of: ref, createdAt: createdAt, tenant: tenant, sha256: sha256),
            presets: presets,
            isAnnounced: isAnnounced,
            focus: focus
        )
    }

    /// What a sample picture looks like: white, its right upper corner the most interesting.
    package static let impression = impression(frames: 2)

    /// The same of another number of frames.
    package static func impression(frames: Int) -> Impression {
        // A white square: its average, seven frequencies on a side, nothing in any of them.
        let bytes: [UInt8] = [0x3F, 0x08, 0x02, 0x07, 0x00] + [UInt8](repeating: 0, count: 19)
        guard let thumbHash = ThumbHash(bytes: bytes) else { preconditionFailure("a ThumbHash") }
        return Impression(
            thumbHash: thumbHash,
            colour: .white,
            attention: FocalPoint(x: 7500, y: 2500),
            frames: frames
        )
    }

    /// The size of the sample versions' upright source.
    package static let sourceSize = PictureSize(width: 4000, height: 3000)

    /// One rendition for each preset of `version`, in their order.
    package static func renditions(of version: AssetVersion) -> [Rendition] {
        version.presets.enumerated().map { index, preset in
            let format = preset.recipe.format
            return Rendition(
                preset: preset,
                size: PictureSize(width: 320 * (index + 1), height: 240 * (index + 1)),
                blob: Self.blob(
                    of: version.ref,
                    variant: "\(preset.name).\(format.fileExtension)",
                    mediaType: format.mediaType,
                    bytes: 15_321 + index,
                    createdAt: version.createdAt,
                    tenant: version.tenant
                ),
                choice: index == 1 ? EncodingChoice(quality: 71.5, ssim: 0.9851, encodes: 3) : nil
            )
        }
    }

    /// What `version` is after `Catalog.complete` with ``sourceSize`` and `renditions`.
    package static func ready(_ version: AssetVersion, renditions: [Rendition]) -> AssetVersion {
        AssetVersion(
            ref: version.ref,
            tenant: version.tenant,
            state: .ready,
            createdAt: version.createdAt,
            source: version.source,
            sourceSize: Self.sourceSize,
            presets: version.presets,
            renditions: renditions,
            isAnnounced: version.isAnnounced
        )
    }
}
