/// `Accept-Encoding` (RFC 9110 §12.5.3), as far as gzip goes.
struct AcceptEncoding {
    /// In thousandths; nil: not listed.
    private var gzip: Int?
    private var identity: Int?
    private var anyOther: Int?

    /// An element that breaks the grammar says nothing; the others count all the same.
    init(_ field: String) {
        for element in field.split(separator: ",") {
            let parts = element.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
            guard let weight = Self.weight(parts.dropFirst()) else { continue }
            switch parts[0].lowercased() {
            // x-gzip is gzip (§8.4.1.3).
            case "gzip", "x-gzip": self.gzip = max(self.gzip ?? 0, weight)
            case "identity": self.identity = weight
            case "*": self.anyOther = weight
            default: break
            }
        }
    }

    /// Whether gzip is taken, and no worse than the content as it is.
    var prefersGzip: Bool {
        let gzip = self.gzip ?? self.anyOther ?? 0
        return gzip > 0 && gzip >= self.identity ?? 0
    }

    /// `;q=` and 0 to 1 with up to three decimals (§12.4.2), or nothing, which is 1. Nil where it is anything else.
    private static func weight(_ parameters: ArraySlice<Substring>) -> Int? {
        guard let parameter = parameters.first else { return 1000 }
        guard parameters.count == 1, parameter.prefix(2).lowercased() == "q=" else { return nil }
        let digits = parameter.dropFirst(2).utf8
        guard let whole = digits.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return nil }
        let rest = digits.dropFirst()
        guard rest.isEmpty || rest.first == UInt8(ascii: "."), rest.count <= 4 else { return nil }
        let decimals = rest.dropFirst()
        guard decimals.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let thousandths = (0..<3).reduce(Int(whole - 0x30)) { value, index in
            let digit =
                index < decimals.count ? Int(decimals[decimals.index(decimals.startIndex, offsetBy: index)]) : 0x30
            return value * 10 + digit - 0x30
        }
        return thousandths <= 1000 ? thousandths : nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return start[...end]
    }
}
