import MediaModel

/// What has a blob's id, and so a place in a listing.
protocol BlobRow: Sendable {
    /// Listings are in its order.
    var id: BlobID { get }
}

extension BlobRecord: BlobRow {}
extension StoredBlob: BlobRow {}

/// A listing that comes in pages, as one sequence of pages: never more than one of them is in memory.
struct Pages<Row: BlobRow>: AsyncSequence {
    /// Rows of a page: large enough that a page costs little, small enough that it is soon over.
    static var limit: Int { 500 }

    private let first: BlobID?
    private let fetch: @Sendable (BlobID?, Int) async throws -> [Row]

    /// - Parameters:
    ///   - first: the id after which to begin; nil for the first.
    ///   - fetch: gives the rows after an id, as many as asked for; fewer at the end.
    init(
        after first: BlobID? = nil,
        _ fetch: @escaping @Sendable (_ after: BlobID?, _ limit: Int) async throws -> [Row]
    ) {
        self.first = first
        self.fetch = fetch
    }

    func makeAsyncIterator() -> Iterator { Iterator(last: self.first, fetch: self.fetch) }

    /// Throws what a page throws, and `CancellationError` between two pages.
    struct Iterator: AsyncIteratorProtocol {
        fileprivate var last: BlobID?
        fileprivate let fetch: @Sendable (BlobID?, Int) async throws -> [Row]
        private var isOver = false

        fileprivate init(last: BlobID?, fetch: @escaping @Sendable (BlobID?, Int) async throws -> [Row]) {
            self.last = last
            self.fetch = fetch
        }

        mutating func next() async throws -> [Row]? {
            guard !self.isOver else { return nil }
            try Task.checkCancellation()
            let page = try await self.fetch(self.last, Pages.limit)
            self.last = page.last?.id
            self.isOver = page.count < Pages.limit
            return page.isEmpty ? nil : page
        }
    }

    /// Walks row by row, for whoever walks two listings side by side.
    var rows: Rows { Rows(pages: self.makeAsyncIterator()) }

    /// A place in a listing.
    struct Rows {
        private var pages: Iterator
        private var page: ArraySlice<Row> = []

        fileprivate init(pages: Iterator) { self.pages = pages }

        /// The row at this place; nil at the end.
        mutating func peek() async throws -> Row? {
            if self.page.isEmpty { self.page = try await self.pages.next()?[...] ?? [] }
            return self.page.first
        }

        /// Goes on to the row of `id`, or the first one after it.
        mutating func skip(to id: BlobID) async throws {
            while let row = try await self.peek(), row.id < id { self.page.removeFirst() }
        }

        /// Takes the row at this place and goes on.
        mutating func next() async throws -> Row? {
            guard let row = try await self.peek() else { return nil }
            self.page.removeFirst()
            return row
        }
    }
}

extension BlobID {
    /// The id before this one; nil for the least. A page of one row after it has the row of this id, if there is one.
    var predecessor: BlobID? {
        var bytes = self.bytes
        for index in bytes.indices.reversed() {
            bytes[index] &-= 1
            if bytes[index] != 255 { return BlobID(bytes: bytes) }
        }
        return nil
    }
}
