import MediaModel

/// What the catalog had marked as damaged at one moment.
struct BlobMarks: Sendable {
    /// More than these are not looked up: a mark that is out of date then stays until the next check.
    static let max = 100_000

    private let damages: [BlobID: String]

    /// Throws ``CatalogError``.
    init(_ catalog: any Catalog) async throws {
        let damaged = try await catalog.damaged(limit: Self.max)
        self.damages = Dictionary(damaged.map { ($0.blob.id, $0.damage) }) { $1 }
    }

    /// What was noted of a blob; nil where nothing was.
    subscript(blob: BlobID) -> String? { self.damages[blob] }
}
