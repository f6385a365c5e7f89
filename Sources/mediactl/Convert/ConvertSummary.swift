/// What became of all of them.
struct ConvertSummary: Encodable, Sendable {
    private(set) var files = 0
    private(set) var converted = 0
    private(set) var unchanged = 0
    private(set) var planned = 0
    private(set) var refused = 0
    private(set) var skipped = 0
    /// Files with an output over a budget.
    private(set) var unmet = 0
    /// Of the sources that were converted.
    private(set) var bytesIn = 0
    private(set) var bytesOut = 0
    var seconds = 0.0

    private enum CodingKeys: String, CodingKey {
        case files, converted, unchanged, planned, refused, skipped, unmet, bytesIn, bytesOut, savedPercent, seconds
        case filesPerSecond
    }

    mutating func add(_ outcome: ConvertOutcome) {
        self.files += 1
        if outcome.unmet != nil { self.unmet += 1 }
        switch outcome.state {
        case .converted:
            self.converted += 1
            self.bytesIn += outcome.bytesIn ?? 0
            self.bytesOut += outcome.bytesOut
        case .unchanged: self.unchanged += 1
        case .planned: self.planned += 1
        case .refused: self.refused += 1
        case .skipped: self.skipped += 1
        }
    }

    /// Of the bytes that went in; negative where more came out. One decimal.
    private var savedPercent: Double {
        guard self.bytesIn > 0 else { return 0 }
        return Self.rounded(100 * Double(self.bytesIn - self.bytesOut) / Double(self.bytesIn))
    }

    private var filesPerSecond: Double {
        self.seconds > 0 ? Self.rounded(Double(self.files) / self.seconds) : 0
    }

    private static func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }

    var line: String {
        var counts = ["\(self.converted) converted", "\(self.refused) refused", "\(self.skipped) skipped"]
        if self.unchanged > 0 { counts.append("\(self.unchanged) unchanged") }
        if self.planned > 0 { counts.append("\(self.planned) would be converted") }
        if self.unmet > 0 { counts.append("\(self.unmet) over budget") }
        return "\(self.files) files: \(counts.joined(separator: ", ")); "
            + "\(self.bytesIn) -> \(self.bytesOut) bytes, \(self.savedPercent) % saved; "
            + "\(Self.rounded(self.seconds)) seconds, \(self.filesPerSecond) files/s"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.files, forKey: .files)
        try container.encode(self.converted, forKey: .converted)
        try container.encode(self.unchanged, forKey: .unchanged)
        try container.encode(self.planned, forKey: .planned)
        try container.encode(self.refused, forKey: .refused)
        try container.encode(self.skipped, forKey: .skipped)
        try container.encode(self.unmet, forKey: .unmet)
        try container.encode(self.bytesIn, forKey: .bytesIn)
        try container.encode(self.bytesOut, forKey: .bytesOut)
        try container.encode(self.savedPercent, forKey: .savedPercent)
        try container.encode(Self.rounded(self.seconds), forKey: .seconds)
        try container.encode(self.filesPerSecond, forKey: .filesPerSecond)
    }
}
