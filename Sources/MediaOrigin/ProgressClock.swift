/// Says when an operation should tell again how far it is: about once a second, however much it does in one.
struct ProgressClock {
    private static let interval = Duration.seconds(1)

    private var next = ContinuousClock.now + ProgressClock.interval

    mutating func isDue() -> Bool {
        let now = ContinuousClock.now
        guard now >= self.next else { return false }
        self.next = now + Self.interval
        return true
    }
}
