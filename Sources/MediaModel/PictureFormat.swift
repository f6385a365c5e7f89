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

    package init?(mediaType: some StringProtocol) {
        guard let format = Self.allCases.first(where: { $0.mediaType == mediaType }) else { return nil }
        self = format
    }
}

/// A kind of picture that the service makes.
package enum RenditionFormat: String, Sendable, Hashable, CaseIterable, Codable {
    case webp

    package var mediaType: String { "image/\(self.rawValue)" }
    /// What a delivery URL ends in, without the dot. CDNs decide by it whether to cache.
    package var fileExtension: String { self.rawValue }

    /// The longest side a picture of this format can have, in pixels (WebP: 14 bits, RFC 9649 §2.5).
    package var sideMax: Int { 16383 }
}
