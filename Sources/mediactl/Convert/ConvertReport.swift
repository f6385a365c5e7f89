import MediaModel
import MediaRuntime

/// What became of one file.
struct ConvertOutcome: Encodable, Sendable {
    enum State: String, Encodable, Sendable {
        case converted
        /// All its outputs are there already, of this content, these recipes and this engine.
        case unchanged
        /// Would be converted, in a dry run.
        case planned
        /// Somebody wanted it converted, and it was not.
        case refused
        /// It lay in a folder and is no picture, or is an output itself.
        case skipped
    }

    struct Output: Encodable, Sendable {
        let path: String
        let preset: String
        /// Pixels.
        let width: Int
        let height: Int
        let bytes: Int

        init(_ path: String, _ rendition: RenderedPicture) {
            self.path = path
            self.preset = rendition.preset.name.description
            self.width = rendition.size.width
            self.height = rendition.size.height
            self.bytes = rendition.bytes.count
        }

        init(_ path: String, _ preset: Preset, _ line: JournalLine) {
            self.path = path
            self.preset = preset.name.description
            self.width = line.size.width
            self.height = line.size.height
            self.bytes = line.bytes
        }
    }

    /// The code of a file whose output would be another's.
    static let collision = "output-collision"
    /// The code of a file that could not be read or written.
    static let file = "file"

    let file: String
    let state: State
    /// Of the source; nil where it was not read.
    let bytesIn: Int?
    let outputs: [Output]
    /// What a dry run would write.
    var wouldWrite: [String]?
    /// A stable word for a refusal.
    let code: String?
    let reason: String?
    /// What is over a budget.
    var unmet: [String]?

    init(_ state: State, path: String, bytesIn: Int, outputs: [Output]) {
        self.file = path
        self.state = state
        self.bytesIn = bytesIn
        self.outputs = outputs
        self.code = nil
        self.reason = nil
    }

    init(refused path: String, code: String, reason: String, state: State = .refused) {
        self.file = path
        self.state = state
        self.bytesIn = nil
        self.outputs = []
        self.code = code
        self.reason = reason
    }

    var bytesOut: Int { self.outputs.reduce(0) { $0 + $1.bytes } }

    /// Whether somebody who wants to know only of what is wrong wants to know of it.
    var isOfNote: Bool { self.state == .refused || self.unmet != nil }

    /// `a.jpg: converted, 1887304 -> 155531 bytes`
    var line: String {
        let result =
            switch self.state {
            case .converted: "converted, \(self.bytesIn ?? 0) -> \(self.bytesOut) bytes"
            case .unchanged: "unchanged"
            case .planned: "would become \((self.wouldWrite ?? []).joined(separator: ", "))"
            case .refused: "refused (\(self.code ?? "")): \(self.reason ?? "")"
            case .skipped: "skipped: \(self.reason ?? "")"
            }
        let unmet = (self.unmet ?? []).map { "; over budget: \($0)" }.joined()
        return Printable.text("\(self.file): \(result)\(unmet)")
    }
}

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
