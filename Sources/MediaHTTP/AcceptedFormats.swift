import MediaModel

/// What a request's `Accept` says of the formats that we make (RFC 9110 §12.5.1).
///
/// A format that not every client shows is taken only where it is named: browsers name what they can show, and whoever
/// says `image/*` or `*/*` alone may be ten years old. The others get the one that everybody shows, and so does whoever
/// refuses all: an answer that may not suit is more use than 406.
struct AcceptedFormats: Sendable {
    /// How exactly a range fits, in the order of precedence (§12.5.1).
    private enum Precision: Int {
        case anything
        case anyImage
        case named
    }

    private struct Rule {
        let precision: Precision
        /// Whether its weight is more than 0.
        let isAcceptable: Bool
    }

    private let rules: [RenditionFormat: Rule]
    /// Without the field a client accepts anything.
    private let isAbsent: Bool

    /// - Parameter field: all lines of the field, joined with commas; nil without one. What is no media range counts as
    ///   not there.
    init(_ field: String?) {
        var rules: [RenditionFormat: Rule] = [:]
        for part in (field ?? "").split(separator: ",") {
            guard let (range, isAcceptable) = Self.range(part) else { continue }
            for format in RenditionFormat.allCases {
                guard let precision = Self.precision(of: range, for: format) else { continue }
                let known = rules[format]
                if let known, known.precision.rawValue > precision.rawValue { continue }
                // Nothing says which of two weights counts; who takes it once shows it.
                let isAgain = known?.precision == precision && known?.isAcceptable == true
                rules[format] = Rule(precision: precision, isAcceptable: isAcceptable || isAgain)
            }
        }
        self.rules = rules
        self.isAbsent = field == nil
    }

    /// - Parameter formats: at least one, those that say most in a byte first.
    func best(of formats: [RenditionFormat]) -> RenditionFormat {
        let named = formats.first { format in
            self.rules[format].map { $0.precision == .named && $0.isAcceptable } ?? false
        }
        if let named { return named }
        // Those that most clients show first.
        let plain = formats.reversed()
        let accepted = plain.first(where: self.takes)
        guard let best = accepted ?? plain.first else { preconditionFailure("a preset has no format at all") }
        return best
    }

    /// Whether a client takes a format when it cannot have the best. Here a wildcard is enough: otherwise it has
    /// nothing.
    func takes(_ format: RenditionFormat) -> Bool { self.isAbsent || self.rules[format]?.isAcceptable ?? false }

    /// A media range in lower case without its weight, and whether that is more than 0.
    ///
    /// - Returns: nil for what is no range, and for one with parameters of the media type: none of ours has any.
    private static func range(_ text: Substring) -> (range: String, isAcceptable: Bool)? {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
        guard let range = parts.first, !range.isEmpty else { return nil }
        guard parts.count > 1 else { return (range, true) }
        // What comes after the weight was an extension once (RFC 7231 §5.3.2) and means nothing now.
        guard parts[1].hasPrefix("q="), let weight = QualityValue(parts[1].dropFirst(2)) else { return nil }
        return (range, weight > .none)
    }

    private static func trimmed(_ text: Substring) -> String {
        String(decoding: HeaderParameters.trimmed(Array(text.utf8)[...]), as: UTF8.self).lowercased()
    }

    private static func precision(of range: String, for format: RenditionFormat) -> Precision? {
        switch range {
        case format.mediaType: .named
        case "image/*": .anyImage
        case "*/*": .anything
        default: nil
        }
    }
}
