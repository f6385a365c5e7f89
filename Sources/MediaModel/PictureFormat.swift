/// A kind of picture that the service takes in.
package enum PictureFormat: String, Sendable, Hashable, CaseIterable, Codable {
    case jpeg
    case png
    case gif
    case webp
    case heic
    case avif

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

    /// Whether an animation moves in it as we make it.
    package var isAnimated: Bool { self == .webp }
}
