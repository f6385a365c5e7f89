/// What a recipe may ask for in place of a quality: the encoder's quality is then searched for each picture, for the
/// same quality is seen as loss in one and is wasted bytes in another.
///
/// It is of WebP stills. What moves has the recipe's ``Recipe/quality``; what the other formats get, docs/API.md says.
package enum QualityTarget: Hashable, Sendable {
    /// The fewest bytes at which the picture is that much like what was encoded: mean SSIM of the luma, in ten
    /// thousandths.
    case ssim(tenThousandths: Int)
    /// The highest quality in no more bytes.
    case bytes(Int)

    /// Below, no encoder's scale goes on; above, what is left is rounding.
    package static let ssimRange = 5000...9990
    /// The least is about what a WebP's container and first partition take.
    package static let bytesRange = 100...99_999_999
    private static let digitsMax = 4

    /// From a recipe's option, in its one spelling; nil for any other: `0.5` ... `0.999` without zeros at the end.
    package init?(ssim text: some StringProtocol) {
        guard text.hasPrefix("0."), text.utf8.count <= Self.digitsMax + 2, text.last != "0" else { return nil }
        let digits = text.dropFirst(2)
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = Int(digits + String(repeating: "0", count: Self.digitsMax - digits.utf8.count)),
            Self.ssimRange.contains(value)
        else { return nil }
        self = .ssim(tenThousandths: value)
    }

    /// The same for `bytes`: digits, the first not 0.
    package init?(bytes text: some StringProtocol) {
        guard let value = Int(text), String(value) == text, Self.bytesRange.contains(value) else { return nil }
        self = .bytes(value)
    }
}

extension QualityTarget: CustomStringConvertible, Codable {
    /// `ssim=0.985`, `bytes=40000`: as in a recipe's options, and in its canonical JSON.
    package var description: String {
        switch self {
        case .bytes(let bytes): return "bytes=\(bytes)"
        case .ssim(let value):
            var digits = String(10_000 + value).dropFirst()
            while digits.last == "0" { digits.removeLast() }
            return "ssim=0.\(digits)"
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let target: QualityTarget? =
            switch (parts.first, parts.last) {
            case ("ssim"?, let value?): QualityTarget(ssim: value)
            case ("bytes"?, let value?): QualityTarget(bytes: value)
            default: nil
            }
        guard let target, target.description == text else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected ssim=… or bytes=…")
        }
        self = target
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}
