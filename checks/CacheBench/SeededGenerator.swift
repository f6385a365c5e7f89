import Glibc

/// SplitMix64 (Steele, Lea, Flood, OOPSLA '14): the same numbers from the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// In 0..<1.
    mutating func unit() -> Double { Double(self.next() >> 11) * 0x1p-53 }

    mutating func isTrue(withChance chance: Double) -> Bool { self.unit() < chance }

    /// Of the standard normal distribution (Box and Muller).
    mutating func normal() -> Double { sqrt(-2 * log(1 - self.unit())) * cos(2 * .pi * self.unit()) }
}

/// Draws ranks in 0 ..< count, rank r with a weight of 1 / (r + 1)^exponent.
struct Zipf {
    /// What all ranks up to one weigh, of 1.
    private let cumulative: [Double]

    init(count: Int, exponent: Double) {
        var sum = 0.0
        let sums = (1...count).map { rank in
            sum += pow(Double(rank), -exponent)
            return sum
        }
        self.cumulative = sums.map { $0 / sum }
    }

    /// How much of all draws a rank has.
    func share(of rank: Int) -> Double { self.cumulative[rank] - (rank == 0 ? 0 : self.cumulative[rank - 1]) }

    func draw(_ random: inout SeededGenerator) -> Int {
        let target = random.unit()
        var low = 0
        var high = self.cumulative.count - 1
        while low < high {
            let middle = (low + high) / 2
            if self.cumulative[middle] <= target { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
