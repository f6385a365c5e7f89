/// The fields of a query: `cursor=…&limit=…`. Strict, so that a typing error is not silently something else.
struct QueryFields {
    private var values: [Substring: Substring] = [:]

    /// - Parameter names: those that there are.
    /// - Throws: `bad-query` for another name, and for one that is there twice.
    init(_ query: Substring?, names: Set<Substring>) throws(Problem) {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard names.contains(parts[0]), self.values[parts[0]] == nil else {
                let list = names.sorted().map { "'\($0)'" }.joined(separator: " and ")
                throw .badQuery("There is only \(list), and once.")
            }
            self.values[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
    }

    /// The value as it stands there; nil where the name is not there, empty where it has no value.
    subscript(name: Substring) -> Substring? { self.values[name] }
}

/// Which page of a list is wanted: `cursor` and `limit`. Both may be absent or empty.
struct PageFields<Cursor: Sendable>: Sendable {
    let cursor: Cursor?
    let limit: Int

    /// - Parameter read: makes a cursor of the text that a page before gave as `nextCursor`; nil where it is none.
    init(
        _ query: Substring?,
        limitDefault: Int,
        limitMax: Int,
        cursor read: (Substring) -> Cursor?
    ) throws(Problem) {
        let fields = try QueryFields(query, names: ["cursor", "limit"])
        if let text = fields["cursor"], !text.isEmpty {
            guard let cursor = read(text) else { throw .badQuery("'cursor' is the nextCursor of a page before.") }
            self.cursor = cursor
        } else {
            self.cursor = nil
        }
        if let text = fields["limit"], !text.isEmpty {
            guard let limit = Int(text), (1...limitMax).contains(limit) else {
                throw .badQuery("'limit' is a whole number from 1 to \(limitMax).")
            }
            self.limit = limit
        } else {
            self.limit = limitDefault
        }
    }
}
