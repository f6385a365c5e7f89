package import FoundationEssentials

/// What a back-up says of itself: `BACKUP.json`.
package struct BackupManifest: Hashable, Sendable, Codable {
    /// The form of a back-up's folder; a program refuses one that it does not know.
    package static let formatNow = 1

    package let format: Int
    /// The version of the program that made it.
    package let product: String
    /// When its copy of the catalog was made; nil while the first back-up into a folder is not whole.
    package let createdAt: Date?
    /// Which catalog it is a copy of; nil in back-ups from before catalogs had ids, and while the first one into a
    /// folder is not whole.
    package let catalog: CatalogID?
    /// Blobs that its catalog names.
    package let blobs: Int
    /// Their bytes in the store.
    package let sealedBytes: Int

    package init(createdAt: Date?, catalog: CatalogID?, blobs: Int, sealedBytes: Int) {
        self.format = Self.formatNow
        self.product = Product.version
        self.createdAt = createdAt
        self.catalog = catalog
        self.blobs = blobs
        self.sealedBytes = sealedBytes
    }

    /// As it is written: JSON with sorted keys and times of RFC 3339, for people too.
    package func encoded() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        encoder.dateEncodingStrategy = .iso8601
        // A struct of strings, numbers and dates always encodes.
        guard let data = try? encoder.encode(self) else { preconditionFailure("a manifest did not encode") }
        return Array(data) + Array("\n".utf8)
    }

    /// - Throws: `DecodingError` where the bytes are no manifest.
    package init(decoding bytes: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        self = try decoder.decode(BackupManifest.self, from: Data(bytes))
    }
}
