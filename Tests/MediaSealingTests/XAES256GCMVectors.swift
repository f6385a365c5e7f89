import MediaModel
import MediaSealing
import Testing

/// The vectors of https://c2sp.org/XAES-256-GCM.
@Suite("XAES-256-GCM vectors")
struct XAES256GCMVectors {
    struct Vector: Sendable {
        let keyByte: UInt8
        let aad: String
        let sealed: String
    }

    static let message = Array("XAES-256-GCM".utf8)
    static let nonce = Array("ABCDEFGHIJKLMNOPQRSTUVWX".utf8)
    /// The first one's subkey has no carry out of its doubling, the second one's has.
    static let all = [
        Vector(keyByte: 1, aad: "", sealed: "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        Vector(
            keyByte: 3,
            aad: "c2sp.org/XAES-256-GCM",
            sealed: "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"
        ),
    ]

    @Test("2 of 2 XAES-256-GCM vectors", arguments: all)
    func sealsAndOpens(vector: Vector) throws {
        let key = [UInt8](repeating: vector.keyByte, count: 32)
        let aad = Array(vector.aad.utf8)
        let sealed = try Self.seal(Self.message, key: key, nonce: Self.nonce, aad: aad)
        #expect(Hex.encode(sealed) == vector.sealed)
        #expect(try Self.open(sealed, key: key, aad: aad) == Self.message)
    }

    @Test func everyFlippedBitIsRefused() throws {
        let key = [UInt8](repeating: 1, count: 32)
        let sealed = try Self.seal(Self.message, key: key, nonce: Self.nonce, aad: [7])
        for bit in 0..<sealed.count * 8 {
            var changed = sealed
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try Self.open(changed, key: key, aad: [7]) == nil)
        }
        #expect(try Self.open(sealed, key: key, aad: [6]) == nil)
        #expect(try Self.open(sealed.dropLast(), key: key, aad: [7]) == nil)
    }

    /// Ten thousand messages whose keys, nonces, sizes and data come from SHAKE-128; their ciphertexts go into another.
    @Test("XAES-256-GCM, 10 000 accumulated vectors")
    func accumulates() throws {
        var source = Shake128()
        var digest = Shake128()
        for _ in 0..<10_000 {
            let key = source.squeeze(32)
            let nonce = source.squeeze(24)
            let message = source.squeeze(Int(source.squeeze(1)[0]))
            let aad = source.squeeze(Int(source.squeeze(1)[0]))
            digest.absorb(try Self.seal(message, key: key, nonce: nonce, aad: aad))
        }
        let expected = "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
        #expect(Hex.encode(digest.squeeze(32)) == expected)
    }

    /// FIPS 202's SHAKE-128 of nothing, so that a failure above is known not to be the test's own.
    @Test func theTestsOwnShakeIsRight() {
        var shake = Shake128()
        let expected = "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"
        #expect(Hex.encode(shake.squeeze(32)) == expected)
    }

    private static func seal(_ message: [UInt8], key: [UInt8], nonce: [UInt8], aad: [UInt8]) throws -> [UInt8] {
        try message.withUnsafeBufferPointer { message in
            try key.withUnsafeBufferPointer { try XAES256GCM.seal(message, key: $0, nonce: nonce, aad: aad) }
        }
    }

    private static func open(_ sealed: [UInt8], key: [UInt8], aad: [UInt8]) throws -> [UInt8]? {
        var plaintext = [UInt8](repeating: 0, count: sealed.count - XAES256GCM.tagBytes)
        let isOpen = try plaintext.withUnsafeMutableBufferPointer { plaintext in
            try key.withUnsafeBufferPointer {
                try XAES256GCM.open(sealed, key: $0, nonce: Self.nonce, aad: aad, into: plaintext)
            }
        }
        return isOpen ? plaintext : nil
    }
}
