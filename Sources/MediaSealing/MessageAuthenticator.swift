import CCrypto
import MediaModel

/// HMAC-SHA-256 under one key.
package final class MessageAuthenticator: MessageSigning {
    private let key: SecretBytes

    /// - Parameter key: the caller wipes the original where that is its own.
    package init(key: [UInt8]) { self.key = SecretBytes(copying: key) }

    package func mac(of message: [UInt8]) throws -> [UInt8] {
        var mac = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        let isDone = self.key.withBytes { key in
            ccrypto_hmac_sha256(key.baseAddress, key.count, message, message.count, &mac)
        }
        guard isDone == 1 else { throw KeyError(.unavailable, detail: "no HMAC-SHA-256 from OpenSSL") }
        return mac
    }
}
