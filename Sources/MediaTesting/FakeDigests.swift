package import MediaModel

/// Digests that agree with ``FakeSealing``'s, and are as little a cipher's.
package struct FakeDigests: Digesting {
    package init() {}

    package func makeDigest(_ algorithm: DigestAlgorithm) -> any RunningDigest { FakeDigest(algorithm: algorithm) }
}

private struct FakeDigest: RunningDigest {
    let algorithm: DigestAlgorithm
    var bytes: [UInt8] = []

    mutating func update(_ bytes: [UInt8]) { self.bytes += bytes }

    mutating func finish() -> [UInt8] {
        let digest = FakeSealing.digest(self.bytes).bytes
        return self.algorithm == .sha256 ? digest : digest + digest
    }
}
