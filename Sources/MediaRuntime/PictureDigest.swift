package import MediaModel
import MediaSealing

/// The SHA-256 of a picture that comes piece by piece, for programs that may not see OpenSSL.
package struct PictureDigest: Sendable {
    private let hasher = SHA256Hasher()

    package init() {}

    /// Takes the next bytes; not after ``finish()``.
    package func update(_ bytes: [UInt8]) { self.hasher.update(bytes) }

    /// The digest of everything that came. It takes no more afterwards.
    package func finish() -> SHA256Digest { self.hasher.finish() }
}
