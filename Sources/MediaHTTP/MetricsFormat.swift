/// The texts in which metrics can be had, and the choice between them by `Accept` (RFC 9110 §12.5.1).
package enum MetricsFormat: Sendable, CaseIterable {
    /// Prometheus' text format 0.0.4, which everybody reads.
    case text004
    /// OpenMetrics 1.0.0.
    case openMetrics100

    package var contentType: String {
        switch self {
        case .text004: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics100: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    private var mediaType: (type: String, subtype: String) {
        self == .text004 ? ("text", "plain") : ("application", "openmetrics-text")
    }

    private var version: String { self == .text004 ? "0.0.4" : "1.0.0" }

    /// How exactly a range fits: the most exact one says what a format is worth.
    private enum Precision: Int, Comparable {
        case anything
        case anyOfType
        case named
        case withVersion

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The one that the client wants most; where that is the same, the one that it names, and of two that it names
    /// OpenMetrics. Whoever says nothing, or nothing that we have, gets the older: an answer that may not suit is more
    /// use than 406.
    ///
    /// - Parameter field: all lines of `Accept`, joined with commas; nil without one.
    init(accept field: String?) {
        let ranges = (field ?? "").split(separator: ",").compactMap { HeaderParameters(String($0)) }
        let (text, open) = (Self.text004.worth(to: ranges), Self.openMetrics100.worth(to: ranges))
        let isNamed = open.precision.map { $0 >= .named } ?? false
        self = open.quality > text.quality || (open.quality == text.quality && isNamed) ? .openMetrics100 : .text004
    }

    private func worth(to ranges: [HeaderParameters]) -> (quality: QualityValue, precision: Precision?) {
        var best: (quality: QualityValue, precision: Precision?) = (.none, nil)
        for range in ranges {
            guard let precision = self.precision(of: range), let quality = Self.quality(of: range) else { continue }
            let known = best.precision
            if known.map({ precision > $0 }) ?? true {
                best = (quality, precision)
            } else if precision == known {
                // Nothing says which of two weights counts; who takes it once can read it.
                best.quality = max(best.quality, quality)
            }
        }
        return best.quality == .none ? (.none, nil) : best
    }

    private func precision(of range: HeaderParameters) -> Precision? {
        let (type, subtype) = self.mediaType
        switch range.value {
        case "*/*": return .anything
        case "\(type)/*": return .anyOfType
        case "\(type)/\(subtype)": break
        default: return nil
        }
        // Other parameters ask for nothing that we do otherwise: Prometheus' `escaping` is about names unlike ours.
        if let charset = range["charset"], charset.lowercased() != "utf-8" { return nil }
        guard let version = range["version"] else { return .named }
        return version == self.version ? .withVersion : nil
    }

    private static func quality(of range: HeaderParameters) -> QualityValue? {
        range["q"].map { QualityValue($0) } ?? .full
    }
}
