package import FoundationEssentials

/// Whose asset it is. There is one tenant until there is authentication that tells them apart.
package struct Tenant: Hashable, Sendable, CustomStringConvertible {
    package static let `default` = Tenant(name: "default")

    /// 1 ... 64 bytes.
    package let description: String

    package init(name: String) { self.description = name }
}

/// What a sealed blob says of itself in its authenticated header (docs/BLOB-FORMAT.md, "Identity").
///
/// The catalog keeps the same values; a reader goes by the catalog and refuses a blob that says otherwise, so that a
/// blob moved to another row is never served.
package struct BlobIdentity: Hashable, Sendable {
    package let tenant: Tenant
    package let asset: AssetID
    package let version: VersionNumber
    /// `original`, or `{preset}.{extension}`.
    package let variant: String
    package let mediaType: String
    /// Milliseconds since 1970 are kept.
    package let createdAt: Date

    package init(
        tenant: Tenant,
        version: VersionRef,
        variant: String,
        mediaType: String,
        createdAt: Date
    ) {
        self.tenant = tenant
        self.asset = version.asset
        self.version = version.number
        self.variant = variant
        self.mediaType = mediaType
        self.createdAt = createdAt
    }
}

/// A row of the catalog that names a blob: where it is, what it must be, which key opens it.
package struct BlobRecord: Hashable, Sendable {
    package let id: BlobID
    package let sealedAs: BlobIdentity
    /// Plaintext bytes.
    package let bytes: Int
    /// Bytes of the sealed blob in the store; a reader refuses a blob of another size before any cryptography.
    package let sealedBytes: Int
    /// Of the plaintext.
    package let sha256: SHA256Digest
    /// The key that the data key is wrapped under now.
    package let envelopeKey: EnvelopeKeyID
    /// The data key as it was wrapped last (``WrappedDataKey/byteCount`` bytes). Nil: as the blob's header has it; then
    /// ``envelopeKey`` is the header's too.
    package let rewrapped: WrappedDataKey?

    package init(
        id: BlobID,
        sealedAs: BlobIdentity,
        bytes: Int,
        sealedBytes: Int,
        sha256: SHA256Digest,
        envelopeKey: EnvelopeKeyID,
        rewrapped: WrappedDataKey? = nil
    ) {
        self.id = id
        self.sealedAs = sealedAs
        self.bytes = bytes
        self.sealedBytes = sealedBytes
        self.sha256 = sha256
        self.envelopeKey = envelopeKey
        self.rewrapped = rewrapped
    }

    /// Whether it holds an uploaded picture, not a rendition: what cannot be made again.
    package var isSource: Bool { self.sealedAs.variant == PresetName.reserved }
}

/// The size of an upright picture (after EXIF orientation), in pixels.
package struct PictureSize: Hashable, Sendable, Codable {
    package let width: Int
    package let height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}

/// Where a version is in its life.
package enum VersionState: String, Sendable, Hashable {
    /// Its source is durable; its renditions are not all there yet.
    case processing
    case ready
    /// Its source could not be made into renditions; `AssetVersion.failure` says why.
    case failed
}

/// One rendition as the catalog knows it.
package struct Rendition: Hashable, Sendable {
    package let preset: Preset
    package let size: PictureSize
    package let blob: BlobRecord
    /// What the encoder was found to need; nil where it did as the recipe says, and where nobody knows any more.
    package let choice: EncodingChoice?

    package init(preset: Preset, size: PictureSize, blob: BlobRecord, choice: EncodingChoice? = nil) {
        self.preset = preset
        self.size = size
        self.blob = blob
        self.choice = choice
    }
}

/// One version of an asset as the catalog knows it.
package struct AssetVersion: Hashable, Sendable {
    package let ref: VersionRef
    package let tenant: Tenant
    package let state: VersionState
    package let createdAt: Date
    package let source: BlobRecord
    /// Nil until the picture was decoded.
    package let sourceSize: PictureSize?
    /// The presets as they were when the version was made.
    package let presets: [Preset]
    /// In the order of `presets`; all of them once `ready`, none before.
    package let renditions: [Rendition]
    /// A stable code (a problem type's last path segment) where `state` is `failed`.
    package let failure: String?
    /// Whether a client was told of the version before it was ready (`Prefer: respond-async`): then a failure is kept
    /// for it to see; otherwise a picture that is refused leaves nothing behind.
    package let isAnnounced: Bool
    /// What the uploader says matters most in the picture.
    package let focus: FocalPoint?
    /// What the picture looks like, once `ready`; nil for what became ready before that was asked.
    package let impression: Impression?

    package init(
        ref: VersionRef,
        tenant: Tenant,
        state: VersionState,
        createdAt: Date,
        source: BlobRecord,
        sourceSize: PictureSize? = nil,
        presets: [Preset],
        renditions: [Rendition] = [],
        failure: String? = nil,
        isAnnounced: Bool = false,
        focus: FocalPoint? = nil,
        impression: Impression? = nil
    ) {
        self.ref = ref
        self.tenant = tenant
        self.state = state
        self.createdAt = createdAt
        self.source = source
        self.sourceSize = sourceSize
        self.presets = presets
        self.renditions = renditions
        self.failure = failure
        self.isAnnounced = isAnnounced
        self.focus = focus
        self.impression = impression
    }

    /// Whether its source moves, so that its renditions may; where nobody has counted its frames, whether it is of a
    /// format that could.
    package var mayMove: Bool {
        if let frames = self.impression?.frames { return frames > 1 }
        return PictureFormat(mediaType: self.source.sealedAs.mediaType)?.mayMoveUncounted ?? false
    }

    /// Where its renditions are cut.
    package var aim: Aim { Aim(focus: self.focus, attention: self.impression?.attention) }
}
