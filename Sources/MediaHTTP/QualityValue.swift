/// How much a client wants something: a `qvalue` (RFC 9110 §12.4.2), in thousandths.
struct QualityValue: Comparable, Sendable {
    /// 0: not acceptable. 1000: the most, and what no weight means.
    let thousandths: Int

    static let full = QualityValue(thousandths: 1000)
    static let none = QualityValue(thousandths: 0)

    private init(thousandths: Int) { self.thousandths = thousandths }

    /// - Parameter text: 0 to 1 with at most three digits after the point; nil for anything else.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count > 1 ? parts[1] : ""
        guard let whole = parts.first, whole == "0" || whole == "1", fraction.utf8.count <= 3,
            fraction.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        let digits = fraction + String(repeating: "0", count: 3 - fraction.utf8.count)
        guard let thousandths = Int(whole + digits), thousandths <= Self.full.thousandths else { return nil }
        self.thousandths = thousandths
    }

    static func < (left: Self, right: Self) -> Bool { left.thousandths < right.thousandths }
}
