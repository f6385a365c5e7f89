/// The point of an upright picture that matters most: fractions of its width and height, from the top left corner,
/// with four decimals. Written `0.4,0.25`.
package struct FocalPoint: Hashable, Sendable, Codable, CustomStringConvertible {
    /// What ``x`` and ``y`` are parts of.
    package static let whole = 10_000
    package static let centre = FocalPoint(x: 5000, y: 5000)
    /// Digits behind the point that are read; what is beyond ``whole`` is rounded away.
    private static let digitsMax = 20

    /// Ten-thousandths of the width, 0 ... ``whole``.
    package let x: Int
    /// Ten-thousandths of the height, 0 ... ``whole``.
    package let y: Int

    package init(x: Int, y: Int) {
        precondition((0...Self.whole).contains(x) && (0...Self.whole).contains(y), "a point of the picture")
        self.x = x
        self.y = y
    }

    /// - Parameter text: two decimal fractions from 0 to 1 with a comma between, as people and programs write them
    ///   (`0.5,1`, `0.333333333,0.25`).
    package init?(_ text: some StringProtocol) {
        let parts = String(text).split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let x = Self.fraction(parts[0]), let y = Self.fraction(parts[1]) else { return nil }
        self.init(x: x, y: y)
    }

    private static func fraction(_ text: String) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), parts[0] == "0" || parts[0] == "1" else { return nil }
        var value = parts[0] == "1" ? Self.whole : 0
        if parts.count == 2 {
            let digits = parts[1].utf8.map { Int($0) - Int(UInt8(ascii: "0")) }
            guard (1...Self.digitsMax).contains(digits.count), digits.allSatisfy((0...9).contains) else { return nil }
            let five = (digits + [0, 0, 0, 0, 0]).prefix(5).reduce(0) { 10 * $0 + $1 }
            // 1.00 is 1; 1.01 is none, not even as 1.00001.
            if parts[0] == "1", digits.contains(where: { $0 != 0 }) { return nil }
            value += (five + 5) / 10
        }
        return value
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let point = FocalPoint(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected two fractions, as 0.5,1")
        }
        self = point
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }

    /// The one spelling that ``init(_:)`` takes of many: no zeros at the end.
    package var description: String { "\(Self.text(self.x)),\(Self.text(self.y))" }

    private static func text(_ fraction: Int) -> String {
        if fraction == Self.whole { return "1" }
        var digits = String(fraction + Self.whole).dropFirst()
        while digits.last == "0" { digits = digits.dropLast() }
        return digits.isEmpty ? "0" : "0.\(digits)"
    }
}

/// What is known of where to cut a picture.
package struct Aim: Hashable, Sendable, Codable {
    package static let none = Aim()

    /// What the uploader says matters most.
    package var focus: FocalPoint?
    /// What ``Gravity/attention`` found when the picture was first decoded. Handed back with every further job, so that
    /// all renditions of a version are cut at the same place, whatever they are scaled from.
    package var attention: FocalPoint?

    package init(focus: FocalPoint? = nil, attention: FocalPoint? = nil) {
        self.focus = focus
        self.attention = attention
    }
}
