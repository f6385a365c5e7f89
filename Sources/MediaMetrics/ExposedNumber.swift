/// How numbers are written in an exposition.
enum ExposedNumber {
    /// From here on Go's `%g` writes an exponent; Swift does so later.
    private static let exponentialMin = 1e6

    /// A sample's value, as short as it can be read back exactly.
    static func sample(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    /// The upper bound of a bucket in the canonical form of OpenMetrics: what Go's `%g` prints, with `.0` where that
    /// has neither a point nor an exponent. It is a label, so the same number must always be the same text. Both
    /// formats have it: a scraper that goes from one to the other sees the same series.
    ///
    /// - Parameter value: at least 0, at most 2^53.
    static func bound(_ value: Double) -> String {
        guard value >= Self.exponentialMin else { return "\(value)" }
        // Swift has no exponent up to 2^53: `1048576.0`.
        let parts = "\(value)".split(separator: ".")
        let exponent = parts[0].count - 1
        var digits = parts.joined()
        while digits.last == "0" { digits.removeLast() }
        let fraction = digits.dropFirst()
        let mantissa = "\(digits.prefix(1))\(fraction.isEmpty ? "" : ".\(fraction)")"
        return "\(mantissa)e+\(exponent < 10 ? "0" : "")\(exponent)"
    }
}
