/// When a client that was refused for want of capacity is to come back: 1 to 5 s, and not all of them in one second
/// (RELIABILITY §1.12).
enum RetryAfter {
    private static let secondsMax = 5
    /// The answers to clients that come at the same time are spread over as many seconds more.
    private static let spread = 2

    /// - Parameter hint: when there will be room, where that can be told.
    static func seconds(hint: Duration?) -> Int {
        let wait = hint.map { ($0 / .seconds(1)).rounded(.up) } ?? 1
        let least = Int(min(max(wait, 1), Double(Self.secondsMax - Self.spread)))
        return Int.random(in: least...least + Self.spread)
    }
}
