import CCrypto
import MediaModel

extension KeyRing {
    /// `k` and eight random hexadecimal characters.
    static func randomID() throws(KeyError) -> EnvelopeKeyID {
        guard let id = EnvelopeKeyID("k\(try Self.randomHex())") else {
            preconditionFailure("hexadecimal makes a name")
        }
        return id
    }

    /// Eight random hexadecimal characters.
    static func randomHex() throws(KeyError) -> String {
        var bytes = [UInt8](repeating: 0, count: 4)
        guard ccrypto_random_public(&bytes, bytes.count) == 1 else { throw EnvelopeKey.noRandomness }
        return Hex.encode(bytes)
    }
}

extension EnvelopeKey {
    fileprivate static let noRandomness = KeyError(.unavailable, detail: "no random bytes from OpenSSL")

    /// A key of random bytes from OpenSSL's private generator.
    static func random(id: EnvelopeKeyID) throws(KeyError) -> EnvelopeKey {
        try EnvelopeKey(id: id) { (bytes) throws(KeyError) in
            let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
            guard ccrypto_random_secret(start, bytes.count) == 1 else { throw Self.noRandomness }
        }
    }

    /// What a line of the ring is called where it is a root key.
    var rootID: RootKeyID { RootKeyID(line: self.id) }
}
