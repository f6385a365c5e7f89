/// The number of a version of an asset: 1 for the first, never used for two different acknowledged uploads.
package struct VersionNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The largest number there is; it keeps the URL bounded.
    package static let max = VersionNumber(999_999_999)
    package static let first = VersionNumber(1)

    /// 1 ... 999,999,999.
    package let value: Int

    package init(_ value: Int) {
        precondition((1...999_999_999).contains(value), "a version number is positive and has at most nine digits")
        self.value = value
    }

    /// Takes the canonical spelling only: decimal digits, no sign, no leading zero.
    package init?(text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard (1...9).contains(digits.count), digits[0] != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    package var description: String { String(self.value) }

    /// How many numbers are skipped after a loss.
    package static let skippedAfterLoss = 1000

    /// What counts as the last number taken where a catalog knows of this one, and was lost or is from an earlier day:
    /// ``skippedAfterLoss`` more, as far as there are numbers. Under those that it does not know pictures may have been
    /// published, which caches keep for a year; their URLs must not come to mean other ones.
    package var afterLoss: VersionNumber {
        VersionNumber(Swift.min(self.value + Self.skippedAfterLoss, Self.max.value))
    }

    package static func < (left: VersionNumber, right: VersionNumber) -> Bool { left.value < right.value }
}

/// One version of one asset.
package struct VersionRef: Hashable, Sendable, CustomStringConvertible {
    package let asset: AssetID
    package let number: VersionNumber

    package init(asset: AssetID, number: VersionNumber) {
        self.asset = asset
        self.number = number
    }

    package var description: String { "\(self.asset)/v\(self.number)" }
}
