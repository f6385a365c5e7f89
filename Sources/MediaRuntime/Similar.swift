/// Finds what somebody meant who mistyped a name.
enum Similar {
    /// Edits that still count as a typing mistake.
    private static let editsMax = 3

    static func closest(to text: String, among names: [String]) -> String? {
        // A name far longer than ours is no typing mistake, and the distance costs the product of the lengths.
        guard text.utf8.count <= 64 else { return nil }
        let ranked = names.map { ($0, Self.edits(Array($0.utf8), Array(text.utf8))) }.min { $0.1 < $1.1 }
        guard let ranked, ranked.1 <= Self.editsMax else { return nil }
        return ranked.0
    }

    /// Levenshtein's distance.
    private static func edits(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let change = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
