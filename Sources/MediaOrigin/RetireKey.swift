package import MediaModel

/// Destroys a key that nothing needs any more. What was wrapped under it, in whatever copy of the data folder that has
/// not the key itself, can never be opened again.
package struct RetireKey: Sendable {
    let catalog: any Catalog
    let keys: EnvelopeKeys

    package init(catalog: any Catalog, keys: EnvelopeKeys) {
        self.catalog = catalog
        self.keys = keys
    }

    /// Ends with `failed` and changes nothing where the key is current, or something needs it.
    ///
    /// - Parameter name: the id of an envelope key; where there is none of that id, of a root key.
    /// - Throws: ``KeyError``: `.unavailable` where there is no such key; ``CatalogError``, ``BlobStoreError``: then it
    ///   may be half destroyed, and retiring it again does the rest.
    package func callAsFunction(_ name: String, _ report: OperationReport) async throws {
        if let record = (self.keys.records + self.keys.strays).first(where: { $0.id.description == name }) {
            await report(try await self.retire(record))
        } else if let root = RootKeyID(name) {
            await report(try await self.retire(root))
        } else {
            throw KeyError(.unavailable, detail: "there is no key of that name")
        }
    }

    private func retire(_ record: EnvelopeKeyRecord) async throws -> OperationLine {
        if self.keys.newest(of: record.tenant)?.id == record.id {
            let text =
                "\(record.id) is the current key of tenant \(record.tenant); `keys rotate` makes another one first"
            return Self.refusal("key-is-current", text)
        }
        do {
            try await self.keys.retire(record.id)
        } catch let error as CatalogError where error.code == .keyInUse {
            let blobs = try await self.catalog.blobCounts()[record.id] ?? 0
            let text = "\(blobs) blobs need \(record.id); `keys rewrap` moves them to the current key"
            return Self.refusal(error.code.description, text, fields: ["blobs": "\(blobs)"])
        }
        return OperationLine(.done, "envelope key \(record.id) is no more", fields: ["id": record.id.description])
    }

    private func retire(_ root: RootKeyID) async throws -> OperationLine {
        if try await self.keys.provider.currentRoot() == root {
            return Self.refusal("key-is-current", "\(root) is the current root key; `keys rotate --root` makes another")
        }
        let users = try await self.keys.retireRoot(root)
        guard users.isEmpty else {
            let names = users.prefix(5).map(\.id.description).joined(separator: ", ")
            let text =
                "\(users.count) envelope keys need root key \(root) (\(names)\(users.count > 5 ? ", …" : "")); `keys "
                + "rewrap` moves them to the current root key, and former and stray ones are to be retired first"
            return Self.refusal("root-key-in-use", text, fields: ["keys": "\(users.count)"])
        }
        return OperationLine(.done, "root key \(root) is no more", fields: ["rootKey": root.description])
    }

    private static func refusal(_ code: String, _ text: String, fields: [String: String] = [:]) -> OperationLine {
        OperationLine(.failed, text, fields: fields.merging(["code": code]) { given, _ in given })
    }
}
