import FoundationEssentials
import MediaModel

/// One upload, as often as it is sent.
struct UploadRequest: Sendable {
    let file: SourceFile
    let mediaType: String
    /// Of the file when it was read first; the service refuses what is not that.
    let sha256: SHA256Digest
    /// Whose new version it becomes; nil: an asset of its own.
    let asset: AssetID?
    let key: IdempotencyKey
    /// Whether the answer may come before the renditions are made.
    let isAsync: Bool
    /// What matters most in the picture.
    var focus: FocalPoint?

    /// With its query.
    var path: String {
        let path = self.asset.map { "/v1/assets/\($0)/versions" } ?? "/v1/assets"
        return self.focus.map { "\(path)?focus=\($0)" } ?? path
    }

    /// All fields but those of every request.
    var fields: [(name: String, value: String)] {
        var fields = [
            ("Content-Type", self.mediaType),
            // RFC 9530 §2.
            ("Content-Digest", "sha-256=:\(self.sha256.base64):"),
            ("Idempotency-Key", self.key.quoted),
        ]
        if self.isAsync { fields.append(("Prefer", "respond-async")) }
        return fields
    }
}

extension IdempotencyKey {
    /// A key that no other upload has.
    static func make() -> IdempotencyKey {
        let text = "mediactl-\(UUID().uuidString.lowercased())"
        guard let key = IdempotencyKey(text) else { preconditionFailure("\(text) is no key") }
        return key
    }

    /// As a string of RFC 9651 (§3.3.3), which draft-ietf-httpapi-idempotency-key-header-06 wants.
    var quoted: String {
        let escaped = self.description.reduce(into: "") { text, character in
            if character == "\"" || character == "\\" { text += "\\" }
            text.append(character)
        }
        return "\"\(escaped)\""
    }
}
