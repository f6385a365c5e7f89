import Glibc
import MediaTesting

// What the traces are drawn by.

extension SeededGenerator {
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
