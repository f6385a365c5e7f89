import Glibc

/// Looks for the quality at which an encoder comes to a goal, in few encodings. Pure arithmetic: it says which quality
/// is to be tried next and is told what came of it.
///
/// On two logarithmic scales both things that are searched for are nearly straight lines (within 0.09 for `log(1 -
/// SSIM)`, over nineteen photographs at 320 and 1280 px): the quantiser's step across, and up how unlike the picture is
/// or how many bytes there are. So the first try goes by the line of the average picture, the second by one through the
/// first with the average's slope, and from then on it is the secant, kept inside of what is known.
struct QualitySearch {
    /// What is searched for.
    struct Goal {
        /// The tries' values must not be above this.
        let limit: Double
        /// A try that is below the limit by no more ends the search.
        let tolerance: Double
        /// What an average picture's value is: `slope * step + intercept`. The slope's sign says whether values fall
        /// with the quality or rise.
        let slope: Double
        let intercept: Double
    }

    private struct Try {
        let quality: Double
        let value: Double
    }

    /// Encodings at the most. Where the goal can be met, two or three do.
    static let triesMax = 6
    /// The first try keeps away from the ends of the scale, where bytes explode.
    private static let firstRange = 10.0...98.0
    /// How far from the average a picture's slope may be taken to be, as a factor.
    private static let slopeFactors = 0.25...4.0
    /// Where between the limit and the tolerance's end is aimed at, and how much of what is known a try leaves out at
    /// least: a share of each.
    private static let aimShare = 0.4
    private static let marginShare = 0.05
    /// Qualities this near to each other are seldom two: libwebp rounds to whole steps of its quantiser, of which there
    /// are at most one a point.
    private static let apartMin = 0.4

    private let goal: Goal
    /// The qualities that may be tried.
    private let range: ClosedRange<Double>
    /// Qualities are tried in multiples of this.
    private let step: Double
    private let triesMax: Int
    private var tries: [Try] = []
    /// What the best so far came to.
    private var best: Try?

    init(_ goal: Goal, in range: ClosedRange<Double> = 0...100, step: Double = 0.1, triesMax: Int = Self.triesMax) {
        self.goal = goal
        self.range = range
        self.step = step
        self.triesMax = triesMax
    }

    /// The quality to be tried next; nil when the search has ended.
    func next() -> Double? {
        guard self.tries.count < self.triesMax, !self.isMet, !self.isNarrow else { return nil }
        let step = self.wanted().map { Self.quality(atStep: $0) } ?? self.range.upperBound
        let quality = self.rounded(self.tries.isEmpty ? step.clamped(to: Self.firstRange) : self.inside(step))
        return self.tries.contains { abs($0.quality - quality) < self.step / 2 } ? nil : quality
    }

    /// Takes down what a try came to.
    ///
    /// - Returns: whether it is the best so far: of those that keep the limit the nearest to it, else the nearest.
    mutating func note(_ value: Double, at quality: Double) -> Bool {
        let new = Try(quality: quality, value: value)
        self.tries.append(new)
        guard let best = self.best else {
            self.best = new
            return true
        }
        let isBetter =
            switch (value <= self.goal.limit, best.value <= self.goal.limit) {
            case (true, true): value > best.value
            case (true, false): true
            case (false, true): false
            case (false, false): value < best.value
            }
        if isBetter { self.best = new }
        return isBetter
    }

    /// Whether the best keeps the limit by more than is tolerated, though another try has exceeded it.
    var hasOvershot: Bool {
        guard let best = self.best, self.exceeding != nil else { return false }
        return best.value < self.goal.limit - self.goal.tolerance
    }

    private var isMet: Bool {
        guard let best = self.best else { return false }
        return best.value <= self.goal.limit && best.value >= self.goal.limit - self.goal.tolerance
    }

    /// Whether what keeps the limit and what exceeds it are too near for something in between.
    private var isNarrow: Bool {
        guard let keeping = self.keeping, let exceeding = self.exceeding else { return false }
        return abs(keeping.quality - exceeding.quality) < Self.apartMin
    }

    private var keeping: Try? { self.tries.filter { $0.value <= self.goal.limit }.max { $0.value < $1.value } }
    private var exceeding: Try? { self.tries.filter { $0.value > self.goal.limit }.min { $0.value < $1.value } }

    /// The quantiser's step, on its logarithmic scale, at which the goal is to be met by what is known.
    private func wanted() -> Double? {
        let aim = self.goal.limit - self.goal.tolerance * Self.aimShare
        let nearest = self.tries.sorted { abs($0.value - aim) < abs($1.value - aim) }
        guard let one = nearest.first else { return (aim - self.goal.intercept) / self.goal.slope }
        let pair = self.keeping.flatMap { keeping in self.exceeding.map { (keeping, $0) } }
        let other = pair.map { $0.0.quality == one.quality ? $0.1 : $0.0 } ?? nearest.dropFirst().first
        return Self.step(at: one.quality) + (aim - one.value) / self.slope(one, other)
    }

    private func slope(_ one: Try, _ other: Try?) -> Double {
        guard let other else { return self.goal.slope }
        let across = Self.step(at: one.quality) - Self.step(at: other.quality)
        guard across != 0 else { return self.goal.slope }
        let factor = (one.value - other.value) / across / self.goal.slope
        return self.goal.slope * factor.clamped(to: Self.slopeFactors)
    }

    /// Between what keeps the limit and what exceeds it, where there are both.
    private func inside(_ quality: Double) -> Double {
        guard let keeping = self.keeping, let exceeding = self.exceeding else { return quality }
        let (low, high) = (min(keeping.quality, exceeding.quality), max(keeping.quality, exceeding.quality))
        let margin = (high - low) * Self.marginShare
        return quality.clamped(to: low + margin...high - margin)
    }

    private func rounded(_ quality: Double) -> Double {
        let steps = (quality.clamped(to: self.range) / self.step).rounded()
        return (steps * self.step).clamped(to: self.range)
    }
}

// libwebp's scale (QualityToCompression in its src/enc/quant_enc.c): the quantiser's index is 127 × (1 - c), and the
// steps that it stands for grow by about the same factor each, but for the finest.
extension QualitySearch {
    /// Keeps the logarithm of the finest steps, which are a few levels and not none, in line with the others.
    private static let finest = 0.025

    /// The logarithm of the quantiser's step, in a unit that does not matter, at a quality of 0 ... 100.
    static func step(at quality: Double) -> Double {
        let share = quality / 100
        let linear = share < 0.75 ? share * 2 / 3 : 2 * share - 1
        return log(1 - cbrt(linear) + Self.finest)
    }

    /// The inverse; a step beyond the scale is that of its end.
    static func quality(atStep step: Double) -> Double {
        let compression = (1 - (exp(step) - Self.finest)).clamped(to: 0...1)
        let linear = compression * compression * compression
        return 100 * (linear < 0.5 ? linear * 3 / 2 : (linear + 1) / 2)
    }
}

extension QualitySearch.Goal {
    /// At least that mean SSIM.
    static func ssim(_ target: Double) -> Self {
        // A rendition is to land within .002 of its target; near 1 that much would be half of all.
        let landing = min(0.0015, (1 - target) / 8)
        let limit = Self.unlikeness(target)
        return Self(
            limit: limit,
            tolerance: limit - Self.unlikeness(target + landing),
            slope: 1.15,
            intercept: -1.58
        )
    }

    /// At most so many bytes, of a picture of so many pixels.
    static func bytes(_ bytes: Int, pixels: Int) -> Self {
        Self(limit: log(Double(bytes)), tolerance: 0.03, slope: -0.9, intercept: log(Double(pixels)) - 3.6)
    }

    /// The value of a try that came to that SSIM.
    static func unlikeness(_ ssim: Double) -> Double { log(max(1 - ssim, 1e-6)) }

    /// The value of a try that came to so many bytes.
    static func length(_ bytes: Int) -> Double { log(Double(max(bytes, 1))) }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
