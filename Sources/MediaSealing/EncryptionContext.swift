import MediaModel

/// What a wrapped envelope key is bound to: it opens for this id and tenant, and for no other.
///
/// A KMS takes it as its encryption context, and shows it in its log; a key ring authenticates it.
struct EncryptionContext: Hashable, Sendable {
    /// Told apart from what other programs wrap under the same root key.
    private static let app = "image-origin"
    /// A wrapped data key begins its context otherwise, so neither passes as the other, though one root key may have
    /// wrapped both.
    private static let label = Array("envelope-key/v1\0".utf8)

    /// As AWS KMS takes it.
    let pairs: [String: String]

    init(key: EnvelopeKeyID, tenant: Tenant) {
        self.pairs = ["app": Self.app, "envelopeKey": key.description, "tenant": tenant.description]
    }

    /// What a key ring authenticates: a label, and the pairs in the one spelling of RFC 8785 (JSON, keys sorted, no
    /// blanks, nothing escaped that need not be).
    var authenticated: [UInt8] {
        let members = self.pairs.sorted { $0.key < $1.key }.map { Self.quoted($0.key) + ":" + Self.quoted($0.value) }
        return Self.label + Array("{\(members.joined(separator: ","))}".utf8)
    }

    /// RFC 8785, section 3.2.2.2.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{8}": quoted += "\\b"
            case "\t": quoted += "\\t"
            case "\n": quoted += "\\n"
            case "\u{c}": quoted += "\\f"
            case "\r": quoted += "\\r"
            case "\0"..<" ": quoted += "\\u00" + Hex.encode([UInt8(scalar.value)])
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
