import MediaModel
import MediaSealing
import Testing

@Suite struct DigestTests {
    /// The examples of FIPS 180-4 for SHA-256.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func sha256IsThatOfTheStandard(text: String, digest: String) {
        #expect(Digests.sha256(Array(text.utf8)).description == digest)
        let hasher = SHA256Hasher()
        for character in text.utf8 { hasher.update([character]) }
        hasher.update([])
        #expect(hasher.finish().description == digest)
    }

    /// The examples of FIPS 180-4, through the port.
    @Test(arguments: [
        (DigestAlgorithm.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            .sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func runningDigestsAreThoseOfTheStandard(algorithm: DigestAlgorithm, digest: String) {
        var running = Digests().makeDigest(algorithm)
        for character in "abc".utf8 { running.update([character]) }
        let bytes = running.finish()
        #expect(Hex.encode(bytes) == digest)
        #expect(bytes.count == algorithm.byteCount)
    }

    @Test func equalIsEqualAndNothingElseIs() {
        #expect(constantTimeEqual([], []))
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 2, 0]))
        for index in 0..<32 {
            var other = [UInt8](repeating: 7, count: 32)
            other[index] ^= 0x80
            #expect(!constantTimeEqual([UInt8](repeating: 7, count: 32), other))
        }
    }
}
