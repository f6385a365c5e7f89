import FoundationEssentials

/// Secrets that are in files of their own, as Kubernetes, systemd (`LoadCredential=`) and Vault's agent hand them out.
enum SecretFile {
    /// No token that is known is longer.
    static let bytesMax = 8192

    /// What is in the file: printable ASCII without spaces. Blanks and ends of lines around it are not part of it.
    static func read(_ path: String) throws(SecretFileError) -> String {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw SecretFileError(description: "expected a file that can be read")
        }
        let isBlank: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let secret = bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        guard bytes.count <= Self.bytesMax, !secret.isEmpty, secret.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SecretFileError(
                description: "expected one secret in it, of printable ASCII characters without spaces"
            )
        }
        return String(decoding: Array(secret), as: UTF8.self)
    }
}

/// Why there is no secret in a file. Never what is in it.
struct SecretFileError: Error, Hashable {
    let description: String
}
