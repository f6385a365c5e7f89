/// Bytes as settings write them.
package enum ByteCount {
    private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

    /// Reads `1048576`, `512KiB`, `64MiB`, `2GiB`; nil for anything else, also for what does not fit an `Int`.
    package static func parse(_ text: String) -> Int? {
        let unit = Self.units.first { text.hasSuffix($0.0) }
        guard let number = TimeSpan.digits(text.dropLast(unit?.0.count ?? 0)) else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return overflow ? nil : bytes
    }

    /// In the largest unit that divides it: `64MiB`.
    static func format(_ bytes: Int) -> String {
        guard bytes > 0, let unit = Self.units.first(where: { bytes.isMultiple(of: $0.1) }) else {
            return String(bytes)
        }
        return "\(bytes / unit.1)\(unit.0)"
    }
}

/// Times as settings write them.
package enum TimeSpan {
    /// The largest first, with its milliseconds.
    private static let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)]

    /// What a number may have behind it, the smallest first.
    static var unitNames: [String] { self.units.reversed().map(\.0) }

    /// Reads `500ms`, `10s`, `2m`, `1h`, `30d`; nil for anything else. A number without a unit is none: nobody can tell
    /// seconds from milliseconds.
    package static func parse(_ text: String) -> Duration? {
        // `ms` before `m` and `s`, which it ends in and begins with.
        guard let unit = Self.units.reversed().first(where: { text.hasSuffix($0.0) }),
            let number = Self.digits(text.dropLast(unit.0.count))
        else { return nil }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: unit.1)
        return overflow ? nil : .milliseconds(milliseconds)
    }

    /// In the largest unit that divides it: `2m`.
    static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        guard milliseconds > 0, let unit = Self.units.first(where: { milliseconds.isMultiple(of: $0.1) }) else {
            return "\(milliseconds)ms"
        }
        return "\(milliseconds / unit.1)\(unit.0)"
    }

    /// Decimal digits alone, without a leading zero.
    static func digits(_ text: Substring) -> Int? {
        guard let number = Int(text), String(number) == text, number >= 0 else { return nil }
        return number
    }
}
