/// A kind of picture that the service takes in.
package enum PictureFormat: String, Sendable, Hashable, CaseIterable, Codable {
    case jpeg
    case png
    case gif
    case webp
    case heic
    case avif

    /// Whether a picture of it may have several frames, as we read it.
    package var isAnimated: Bool { self == .gif || self == .webp || self == .png }

    /// Whether renditions may move of which nobody has counted the frames, from before that was done: then no PNG did.
    package var mayMoveUncounted: Bool { self == .gif || self == .webp }

    /// The registered media type (RFC 6838), as the manifest and a blob's header carry it.
    package var mediaType: String { "image/\(self.rawValue)" }

    /// What a file of it is called, without the dot.
    package var fileExtension: String { self == .jpeg ? "jpg" : self.rawValue }

    package init?(mediaType: some StringProtocol) {
        guard let format = Self.allCases.first(where: { $0.mediaType == mediaType }) else { return nil }
        self = format
    }
}

/// A kind of picture that the service makes, those that say most in a byte first.
package enum RenditionFormat: String, Sendable, Hashable, CaseIterable, Codable {
    case avif
    case webp
    /// What every client shows.
    case jpeg

    package var mediaType: String { "image/\(self.rawValue)" }

    /// What a delivery URL ends in, without the dot. CDNs decide by it whether to cache. Each has one spelling.
    package var fileExtension: String {
        switch self {
        case .avif, .webp: self.rawValue
        case .jpeg: "jpg"
        }
    }

    /// The longest side that a rendition can have, in pixels: WebP's (14 bits, RFC 9649 §2.5). The others could be
    /// longer, but a preset has one size in all its formats.
    package var sideMax: Int { 16383 }

    /// The most pixels that a rendition can have: of AVIF what its encoder, which has them all in memory and cannot be
    /// told to stop, does in time whatever they show. For the others ``PictureLimits`` alone counts.
    package var pixelsMax: Int { self == .avif ? 12_000_000 : .max }

    /// Whether its encoder can be told to stop, so that a deadline does not cost the worker.
    package var canStop: Bool { self != .avif }

    /// Whether an animation moves in it as we make it.
    package var isAnimated: Bool { self == .webp }
}
