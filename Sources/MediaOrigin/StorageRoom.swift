package import MediaModel

/// Keeps the last room of the store free: uploads are refused before the disk is full, so that deletions, repairs and
/// the catalog's own commits still find the space they need (RELIABILITY §3.4). Reads go on in any case.
package struct StorageRoom: Sendable {
    /// Without a setting: this share of the store, …
    static let freeShareMin = 0.05
    /// … but no more than this, in bytes.
    static let freeBytesMinMax = 1 << 30

    private let store: any BlobStore
    private let freeBytesMin: Int?

    /// - Parameter freeBytesMin: bytes that stay free; nil: 5 % of the store, at most 1 GiB.
    package init(store: any BlobStore, freeBytesMin: Int?) {
        self.store = store
        self.freeBytesMin = freeBytesMin
    }

    /// Throws `.storageFull` where the store would have less free than it must, were `bytes` more stored.
    package func check(bytes: Int) async throws {
        guard let room = try await self.store.room() else { return }
        let reserve = self.reserve(of: room)
        guard room.free - bytes >= reserve else {
            throw OriginError(
                .storageFull,
                detail: "\(room.free) of \(room.total) bytes are free, \(reserve) stay so, \(bytes) were announced"
            )
        }
    }

    /// What stays free of a store.
    package func reserve(of room: StoreRoom) -> Int {
        self.freeBytesMin ?? min(Self.freeBytesMinMax, Int(Double(room.total) * Self.freeShareMin))
    }
}
