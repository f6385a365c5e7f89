import FoundationEssentials
import GRDB
import MediaModel

// Rows of what came with the third schema.

extension Rows {
    static func asset(_ source: Row, row: String) throws(CatalogError) -> AssetRow {
        let isErased = try Self.value("erased", as: Bool.self, of: source, row: row)
        let deletedAt = try Self.optional("deleted_ms", as: Int64.self, of: source, row: row)
        return AssetRow(
            tenant: Tenant(name: try Self.value("tenant", as: String.self, of: source, row: row)),
            last: try Self.number(Self.value("last_version", as: Int.self, of: source, row: row), row: row),
            standing: isErased ? .erased : deletedAt == nil ? .present : .deleted
        )
    }

    /// Whether a blob is in the store, and nothing is known against it.
    static func isSound(_ source: Row, row: String) throws(CatalogError) -> Bool {
        let isRemoved = try Self.value("removed", as: Bool.self, of: source, row: row)
        let damage = try Self.optional("damage", as: String.self, of: source, row: row)
        return !isRemoved && damage == nil
    }

    static func upload(_ source: Row) throws(CatalogError) -> IdempotentUpload {
        let ref = try Self.ref(source)
        let row = "idempotency_keys of \(ref)"
        return IdempotentUpload(
            ref: ref,
            target: try Self.value("target", as: String.self, of: source, row: row),
            sha256: try Self.sha256(source, row: row),
            bytes: try Self.value("bytes", as: Int.self, of: source, row: row)
        )
    }

    static func usage(_ source: Row, row: String) throws(CatalogError) -> Usage {
        Usage(
            bytes: try Self.value("bytes", as: Int.self, of: source, row: row),
            files: try Self.value("files", as: Int.self, of: source, row: row)
        )
    }

    static func envelopeKey(_ source: Row) throws(CatalogError) -> EnvelopeKeyRecord {
        let id = try Self.envelopeKeyID("id", of: source, row: "envelope_keys")
        let row = "envelope_keys \(id)"
        let root = try Self.optional("root_key", as: String.self, of: source, row: row)
        let wrapped = try root.map { root throws(CatalogError) in
            let bytes = try Self.value("wrapped", as: Data.self, of: source, row: row)
            guard let rootKey = RootKeyID(root) else { throw Self.corrupt(row, "root_key is no key's id") }
            return WrappedEnvelopeKey(rootKey: rootKey, bytes: [UInt8](bytes))
        }
        return EnvelopeKeyRecord(
            id: id,
            tenant: Tenant(name: try Self.value("tenant", as: String.self, of: source, row: row)),
            createdAt: try Self.date("created_ms", of: source, row: row),
            wrapped: wrapped
        )
    }

    static func scrub(_ source: Row) throws(CatalogError) -> ScrubProgress {
        let position = try Self.optional("position", as: Data.self, of: source, row: "scrub")
        let completed = try Self.optional("completed_ms", as: Int64.self, of: source, row: "scrub")
        return ScrubProgress(
            position: try position.map { bytes throws(CatalogError) in try Self.blobID(bytes, row: "scrub") },
            startedAt: try Self.date("started_ms", of: source, row: "scrub"),
            completedAt: completed.map { Date(timeIntervalSince1970: Double($0) / 1000) }
        )
    }
}
