/// Wall time between laps.
struct Stopwatch {
    private var last = ContinuousClock.now

    /// Microseconds since the last lap, or since the start.
    mutating func lap() -> Int {
        let now = ContinuousClock.now
        defer { self.last = now }
        return Int((now - self.last) / .microseconds(1))
    }
}
