import ArgumentParser
import MediaModel
import MediaRuntime

/// What outputs may take: `bytes<=200KiB` for each, `thumbnail:bytes<=20KiB` for those of one preset.
struct ConvertBudget: ExpressibleByArgument, Sendable {
    private static let sign = "bytes<="

    /// Nil: all.
    let preset: String?
    let bytesMax: Int
    private let text: String

    init?(argument: String) {
        guard let sign = argument.ranges(of: Self.sign).last,
            let bytes = ByteCount.parse(String(argument[sign.upperBound...]))
        else { return nil }
        let name = argument[..<sign.lowerBound]
        guard name.isEmpty || (name.hasSuffix(":") && name.count > 1) else { return nil }
        self.preset = name.isEmpty ? nil : String(name.dropLast())
        self.bytesMax = bytes
        self.text = argument
    }

    var defaultValueDescription: String { self.text }

    /// What is wrong with an output; nil where nothing is.
    func complaint(about output: ConvertOutcome.Output) -> String? {
        if let preset = self.preset, preset != output.preset { return nil }
        if output.bytes <= self.bytesMax { return nil }
        return "\(output.path) has \(output.bytes) bytes, more than the \(self.bytesMax) of --check '\(self.text)'"
    }
}
