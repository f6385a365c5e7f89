import FoundationEssentials

/// SplitMix64 (https://prng.di.unimi.it/splitmix64.c): random tests that can be run again.
///
/// The seed is another one each run; `TEST_SEED` fixes it, and a failing test names it.
struct SeededGenerator: RandomNumberGenerator, CustomStringConvertible {
    let seed: UInt64
    private var state: UInt64

    init() {
        let given = ProcessInfo.processInfo.environment["TEST_SEED"].flatMap { UInt64($0) }
        self.seed = given ?? UInt64.random(in: .min ... .max)
        self.state = self.seed
    }

    var description: String { "TEST_SEED=\(self.seed)" }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let value = self.next()
            withUnsafeBytes(of: value) { bytes += $0 }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
