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
