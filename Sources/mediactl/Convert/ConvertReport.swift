import MediaModel
import MediaRuntime

/// What became of one file.
struct ConvertOutcome: Encodable, Sendable {
    enum State: String, Encodable, Sendable {
        case converted
        /// Somebody wanted it converted, and it was not.
        case refused
        /// It lay in a folder and is no picture.
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
    }

    let file: String
    let state: State
    /// Of the source; nil where it was not read.
    let bytesIn: Int?
    let outputs: [Output]
    /// A stable word for a refusal.
    let code: String?
    let reason: String?

    init(path: String, bytesIn: Int, outputs: [Output]) {
        self.file = path
        self.state = .converted
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

    init(_ file: ConvertPlan.LeftOut) {
        self.init(refused: file.path, code: "file", reason: file.reason, state: file.isRefused ? .refused : .skipped)
    }

    var bytesOut: Int { self.outputs.reduce(0) { $0 + $1.bytes } }

    /// `a.jpg: converted, 1887304 -> 155531 bytes`
    var line: String {
        let result =
            switch self.state {
            case .converted: "converted, \(self.bytesIn ?? 0) -> \(self.bytesOut) bytes"
            case .refused: "refused (\(self.code ?? "")): \(self.reason ?? "")"
            case .skipped: "skipped: \(self.reason ?? "")"
            }
        return Printable.text("\(self.file): \(result)")
    }
}

/// What became of all of them.
struct ConvertSummary: Encodable {
    private(set) var files = 0
    private(set) var converted = 0
    private(set) var refused = 0
    private(set) var skipped = 0
    /// Of the sources that were converted.
    private(set) var bytesIn = 0
    private(set) var bytesOut = 0
    var seconds = 0.0

    private enum CodingKeys: String, CodingKey {
        case files, converted, refused, skipped, bytesIn, bytesOut, savedPercent, seconds
    }

    mutating func add(_ outcome: ConvertOutcome) {
        self.files += 1
        switch outcome.state {
        case .converted: self.converted += 1
        case .refused: self.refused += 1
        case .skipped: self.skipped += 1
        }
        self.bytesIn += outcome.bytesIn ?? 0
        self.bytesOut += outcome.bytesOut
    }

    /// Of the bytes that went in; negative where more came out. One decimal.
    private var savedPercent: Double {
        guard self.bytesIn > 0 else { return 0 }
        return Self.rounded(100 * Double(self.bytesIn - self.bytesOut) / Double(self.bytesIn))
    }

    private static func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }

    var line: String {
        "\(self.files) files: \(self.converted) converted, \(self.refused) refused, \(self.skipped) skipped; "
            + "\(self.bytesIn) -> \(self.bytesOut) bytes, \(self.savedPercent) % saved, "
            + "\(Self.rounded(self.seconds)) seconds"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.files, forKey: .files)
        try container.encode(self.converted, forKey: .converted)
        try container.encode(self.refused, forKey: .refused)
        try container.encode(self.skipped, forKey: .skipped)
        try container.encode(self.bytesIn, forKey: .bytesIn)
        try container.encode(self.bytesOut, forKey: .bytesOut)
        try container.encode(self.savedPercent, forKey: .savedPercent)
        try container.encode(Self.rounded(self.seconds), forKey: .seconds)
    }
}
