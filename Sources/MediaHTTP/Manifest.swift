import FoundationEssentials
import MediaModel

/// An asset's version as the API shows it (ARCHITECTURE §3).
struct Manifest: Encodable {
    struct Source: Encodable {
        let mediaType: String
        let bytes: Int
        /// Of the upright picture; absent until it was decoded.
        let width: Int?
        let height: Int?
        /// 1 for a still; absent until it was decoded, and for what was so before they were counted.
        let frames: Int?
        let sha256: String
    }

    struct Entry: Encodable {
        let url: String
        let mediaType: String
        let width: Int
        let height: Int
        let bytes: Int
        let sha256: String
        /// The encoder's, where it was searched for.
        let quality: Double?
        /// The luma's mean SSIM with what was encoded, where it was measured.
        let ssim: Double?
        /// What is kept, where that was found by measuring: `lossless`, `near-lossless`; absent for the usual loss.
        let loss: String?
        /// Encodings that this took.
        let encodes: Int?
    }

    /// What to show until the picture is there.
    struct Placeholder: Encodable {
        /// In base64.
        let thumbhash: String
        /// `#rrggbb`.
        let colour: String
    }

    /// What matters most in the picture: fractions of the upright one's width and height, from the top left corner.
    struct Focus: Encodable {
        let x: Double
        let y: Double
        /// Who says so: `upload` or `attention`.
        let by: String
    }

    let id: String
    let version: Int
    let state: String
    let createdAt: String
    let source: Source
    let renditions: [String: Entry]
    /// Absent where nobody knows what the picture looks like.
    let placeholder: Placeholder?
    let focus: Focus?
    /// What an `img` or `source` element's `srcset` is, by the media type of all that is in it (``SourceSet``).
    let srcset: [String: String]?
    /// Why, where `state` is `failed`: a problem type.
    let failure: String?

    /// - Parameter baseURL: what the renditions' URLs begin with; empty for URLs relative to this service.
    init(_ version: AssetVersion, baseURL: String) {
        self.id = version.ref.asset.description
        self.version = version.ref.number.value
        self.state = version.state.rawValue
        self.createdAt = version.createdAt.formatted(.iso8601)
        self.source = Source(
            mediaType: version.source.sealedAs.mediaType,
            bytes: version.source.bytes,
            width: version.sourceSize?.width,
            height: version.sourceSize?.height,
            frames: version.impression?.frames,
            sha256: version.source.sha256.description
        )
        self.placeholder = version.impression.map {
            Placeholder(thumbhash: $0.thumbHash.base64, colour: $0.colour.css)
        }
        self.focus = Focus(version.aim)
        self.srcset = SourceSet.texts(of: version, baseURL: baseURL)
        self.failure = version.failure.map { Problem.typePrefix + $0 }
        self.renditions = Dictionary(
            uniqueKeysWithValues: version.renditions.map { rendition in
                (rendition.preset.name.description, Entry(rendition, of: version.ref, baseURL: baseURL))
            }
        )
    }
}

extension Manifest.Entry {
    init(_ rendition: Rendition, of ref: VersionRef, baseURL: String) {
        let path = DeliveryPath(
            asset: ref.asset,
            version: .number(ref.number),
            preset: rendition.preset.name,
            format: rendition.preset.recipe.format
        )
        self.url = baseURL + path.description
        self.mediaType = rendition.preset.recipe.format.mediaType
        self.width = rendition.size.width
        self.height = rendition.size.height
        self.bytes = rendition.blob.bytes
        self.sha256 = rendition.blob.sha256.description
        self.quality = rendition.choice?.quality
        self.ssim = rendition.choice?.ssim
        self.encodes = rendition.choice?.encodes
        self.loss = rendition.choice.flatMap { $0.loss == .lossy ? nil : $0.loss.rawValue }
    }
}

extension Manifest.Focus {
    init?(_ aim: Aim) {
        guard let point = aim.focus ?? aim.attention else { return nil }
        self.x = Double(point.x) / Double(FocalPoint.whole)
        self.y = Double(point.y) / Double(FocalPoint.whole)
        self.by = aim.focus == nil ? "attention" : "upload"
    }
}

/// A page of assets, each as its newest version.
struct ManifestPage: Encodable {
    let assets: [Manifest]
    /// What `cursor` takes for the next page; absent on the last one.
    let nextCursor: String?
}

/// A page of one asset's versions.
struct VersionManifests: Encodable {
    /// The number of the version that `/latest/` serves; absent while none is ready.
    let latest: Int?
    /// Newest first.
    let versions: [Manifest]
    /// What `cursor` takes for the next page; absent on the last one.
    let nextCursor: String?
}
