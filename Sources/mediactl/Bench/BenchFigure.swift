/// Figures as the tables of `bench` have them.
enum BenchFigure {
    /// With so many digits after the point, rounded.
    static func text(_ value: Double, decimals: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let sign = scaled < 0 ? "-" : ""
        guard decimals > 0 else { return "\(scaled)" }
        let fraction = String(abs(scaled) % scale)
        return "\(sign)\(abs(scaled) / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// Of seconds: `0.412`.
    static func milliseconds(_ seconds: Double) -> String { Self.text(seconds * 1000, decimals: 3) }

    /// Of a part: `99.9 %`.
    static func percent(_ part: Double) -> String { Self.text(part * 100, decimals: 1) + " %" }

    /// Of a factor, as a change: `+12.3 %`.
    static func change(_ factor: Double) -> String { (factor < 1 ? "" : "+") + Self.percent(factor - 1) }
}
