package import FoundationEssentials
import GRDB
package import MediaModel

// Each write is one function on a connection that is inside a transaction, so that several of them can share one.

extension SQLiteCatalog {
    package func reserveVersion(of asset: AssetID) async throws -> VersionNumber {
        try await self.commit { try Self.reserve(asset, in: $0) }
    }

    package func skipVersions() async throws {
        let arguments: StatementArguments = [
            "skipped": VersionNumber.skippedAfterLoss, "max": VersionNumber.max.value,
        ]
        _ = try await self.commit { try CatalogSQL.skipVersions.run($0, arguments) }
    }

    package func releaseVersion(_ ref: VersionRef) async throws {
        _ = try await self.commit { try CatalogSQL.release.run($0, ref.arguments) }
    }

    package func begin(_ version: AssetVersion, terms: CommitTerms) async throws -> AssetVersion {
        precondition(version.state == .processing && version.renditions.isEmpty, "a version begins as processing")
        return try await self.commit { try Self.begin(version, terms: terms, in: $0) }
    }

    package func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition],
        impression: Impression?,
        quota: Quota
    ) async throws -> AssetVersion {
        let outbox = self.outbox
        let now = Date()
        let version = try await self.commit { database in
            try outbox.notingLatest(of: ref.asset, at: now, in: database) {
                let facts = Rows.arguments(sourceSize, impression)
                return try Self.complete(ref, facts, renditions: renditions, quota: quota, in: database)
            }
        }
        outbox.ring()
        return version
    }

    package func fail(_ ref: VersionRef, failure: String, keepsSource: Bool) async throws -> [BlobID] {
        try await self.commit { try Self.fail(ref, failure: failure, keepsSource: keepsSource, in: $0) }
    }

    package func announce(_ ref: VersionRef) async throws {
        _ = try await self.commit { try CatalogSQL.announce.run($0, ref.arguments) }
    }

    package func discard(_ ref: VersionRef) async throws -> [BlobID] {
        try await self.commit { try Self.discard(ref, in: $0) }
    }

    package func source(of tenant: Tenant, sha256: SHA256Digest, bytes: Int) async throws -> BlobRecord? {
        try await self.read { try Self.soundSource(of: tenant, sha256: sha256, bytes: bytes, in: $0) }
    }

    package func upload(under key: IdempotencyKey, of tenant: Tenant) async throws -> IdempotentUpload? {
        try await self.read { database in
            let arguments: StatementArguments = ["tenant": tenant.description, "key": key.description]
            return try Row.fetchOne(CatalogSQL.upload.prepared(database, arguments)).map { try Rows.upload($0) }
        }
    }

    package func releaseIdempotencyKeys(before date: Date, limit: Int) async throws -> Int {
        precondition(limit >= 1, "at least one key")
        return try await self.commit { database in
            let arguments: StatementArguments = ["before": Rows.milliseconds(date), "limit": limit]
            let old = try Row.fetchAll(CatalogSQL.oldIdempotencyKeys.prepared(database, arguments))
            for row in old {
                let key: StatementArguments = [
                    "tenant": row["tenant"] as DatabaseValue, "key": row["key"] as DatabaseValue,
                ]
                try CatalogSQL.deleteIdempotencyKey.run(database, key)
            }
            return old.count
        }
    }

    package func usage(of tenant: Tenant) async throws -> Usage {
        try await self.read { try Self.usage(of: tenant, in: $0) }
    }
}

// MARK: - Numbers

extension SQLiteCatalog {
    private static func reserve(_ asset: AssetID, in database: Database) throws -> VersionNumber {
        if let number = try Int.fetchOne(CatalogSQL.reserve.prepared(database, asset.arguments)) {
            return try Rows.number(number, row: "assets \(asset)")
        }
        guard try Self.asset(asset, in: database)?.standing == .present else {
            throw try Self.absent(asset, in: database)
        }
        throw CatalogError(.failed, detail: "asset \(asset) has used up its version numbers")
    }
}

// MARK: - Begin and complete

extension SQLiteCatalog {
    private static func begin(
        _ version: AssetVersion,
        terms: CommitTerms,
        in database: Database
    ) throws -> AssetVersion {
        if let asset = try Self.asset(version.ref.asset, in: database) {
            try Self.check(version, against: asset)
        } else if version.ref.number == .first {
            try Self.insertAsset(version.ref.asset, of: version.tenant, createdAt: version.createdAt, in: database)
        } else {
            throw try Self.absent(version.ref.asset, in: database)
        }
        let source = try Self.takeSource(of: version, in: database)
        try Self.insert(version, source: source.id, in: database)
        if let key = terms.idempotencyKey {
            try Self.take(key, target: terms.target, for: version, in: database)
        }
        try Self.check(terms.quota, of: version.tenant, in: database)
        return version.with(source: source)
    }

    private static func check(_ version: AssetVersion, against asset: AssetRow) throws {
        guard asset.standing == .present else {
            throw CatalogError(.gone, detail: "asset \(version.ref.asset) was deleted")
        }
        guard version.ref.number > .first else { throw CatalogError(.conflict, detail: "\(version.ref) exists") }
        guard version.ref.number <= asset.last else {
            throw CatalogError(.conflict, detail: "\(version.ref) was not reserved; the last number is \(asset.last)")
        }
        guard asset.tenant == version.tenant else {
            throw CatalogError(.conflict, detail: "\(version.ref) is another tenant's asset")
        }
    }

    /// The version's source: a blob that is named already, one that is the same, or a new one.
    private static func takeSource(of version: AssetVersion, in database: Database) throws -> BlobRecord {
        let given = version.source
        if let row = try Row.fetchOne(CatalogSQL.blob.prepared(database, given.id.arguments)) {
            let named = try Rows.blob(row, row: "versions \(version.ref)")
            let isSound = try Rows.isSound(row, row: "blobs \(named.id)")
            guard isSound, named.isSource, named.sealedAs.tenant == version.tenant else {
                throw CatalogError(.conflict, detail: "blob \(named.id) is no sound source of \(version.tenant)")
            }
            return named
        }
        let same = try Self.soundSource(of: version.tenant, sha256: given.sha256, bytes: given.bytes, in: database)
        if let same { return same }
        // A blob of another version is one that was named when the caller looked. Its file may be gone by now.
        guard given.sealedAs.asset == version.ref.asset, given.sealedAs.version == version.ref.number else {
            throw CatalogError(.conflict, detail: "blob \(given.id) is no source any more")
        }
        try Self.insert(given, in: database)
        return given
    }

    private static func soundSource(
        of tenant: Tenant,
        sha256: SHA256Digest,
        bytes: Int,
        in database: Database
    ) throws -> BlobRecord? {
        let arguments: StatementArguments = [
            "tenant": tenant.description, "sha256": Data(sha256.bytes), "bytes": bytes,
        ]
        return try Row.fetchOne(CatalogSQL.source.prepared(database, arguments)).map {
            try Rows.blob($0, row: "blobs of \(sha256)")
        }
    }

    private static func take(
        _ key: IdempotencyKey,
        target: String,
        for version: AssetVersion,
        in database: Database
    ) throws {
        do {
            try CatalogSQL.insertIdempotencyKey.run(
                database,
                version.ref.arguments &+ [
                    "tenant": version.tenant.description, "key": key.description, "target": target,
                    "sha256": Data(version.source.sha256.bytes), "bytes": version.source.bytes,
                    "created_ms": Rows.milliseconds(version.createdAt),
                ]
            )
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY {
            throw CatalogError(.keyTaken, detail: "\(version.ref): its idempotency key is another upload's")
        }
    }

    private static func complete(
        _ ref: VersionRef,
        _ facts: StatementArguments,
        renditions: [Rendition],
        quota: Quota,
        in database: Database
    ) throws -> AssetVersion {
        guard let json = try String.fetchOne(CatalogSQL.setReady.prepared(database, ref.arguments &+ facts)) else {
            throw try Self.notProcessing(ref, in: database)
        }
        let presets = try Rows.presets(json, row: "versions \(ref)")
        guard Set(presets) == Set(renditions.map(\.preset)), presets.count == renditions.count else {
            let found = renditions.map(\.preset.name.description).joined(separator: ", ")
            throw CatalogError(.conflict, detail: "\(ref) is ready with a rendition a preset, not with [\(found)]")
        }
        for rendition in renditions { try Self.insert(rendition, of: ref, in: database) }
        try CatalogSQL.moveLatest.run(database, ref.arguments)
        guard let version = try Self.version(ref, in: database) else {
            throw CatalogError(.corrupt, detail: "versions \(ref): its asset or its source's row is missing")
        }
        try Self.check(quota, of: version.tenant, in: database)
        return version
    }

    private static func usage(of tenant: Tenant, in database: Database) throws -> Usage {
        let statement = try CatalogSQL.usage.prepared(database, ["tenant": tenant.description])
        guard let row = try Row.fetchOne(statement) else { return .none }
        return try Rows.usage(row, row: "usage \(tenant)")
    }

    /// After the rows are there: what they come to is what counts, whoever else is uploading.
    static func check(_ quota: Quota, of tenant: Tenant, in database: Database) throws {
        guard quota != .none else { return }
        let usage = try Self.usage(of: tenant, in: database)
        guard usage.bytes <= quota.bytes ?? .max, usage.files <= quota.files ?? .max else {
            let detail = """
                \(tenant) would have \(usage.files) versions of \(usage.bytes) bytes; its quota is \
                \(quota.files.map { "\($0)" } ?? "any number") of \(quota.bytes.map { "\($0)" } ?? "any") bytes
                """
            throw CatalogError(.quotaExceeded, detail: detail)
        }
    }
}

// MARK: - Fail and discard

extension SQLiteCatalog {
    private static func fail(
        _ ref: VersionRef,
        failure: String,
        keepsSource: Bool,
        in database: Database
    ) throws -> [BlobID] {
        let arguments = ref.arguments &+ ["failure": failure, "holds": keepsSource]
        guard let bytes = try Data.fetchOne(CatalogSQL.setFailed.prepared(database, arguments)) else {
            throw try Self.notProcessing(ref, in: database)
        }
        return try Self.giveUp([Rows.blobID(bytes, row: "versions \(ref)")], in: database)
    }

    private static func discard(_ ref: VersionRef, in database: Database) throws -> [BlobID] {
        try CatalogSQL.deleteIdempotencyKeyOfVersion.run(database, ref.arguments)
        guard let bytes = try Data.fetchOne(CatalogSQL.deleteVersion.prepared(database, ref.arguments)) else {
            throw try Self.notProcessing(ref, in: database)
        }
        if try CatalogSQL.deleteAssetWithoutVersions.run(database, ref.asset.arguments) == 0 {
            // As if it had never been: its number is free again, unless a later one is taken.
            try CatalogSQL.release.run(database, ref.arguments)
        }
        return try Self.giveUp([Rows.blobID(bytes, row: "versions \(ref)")], in: database)
    }

    /// Takes away the blobs that no version has and no rendition is. The row of one that a failed version still shows
    /// stays, marked as removed.
    ///
    /// - Returns: those that were in the store until now.
    static func giveUp(_ blobs: [BlobID], in database: Database) throws -> [BlobID] {
        try blobs.filter { blob in
            let isGivenUp = try CatalogSQL.giveUpBlob.run(database, blob.arguments) == 1
            try CatalogSQL.deleteBlob.run(database, blob.arguments)
            return isGivenUp
        }
    }

    private static func notProcessing(_ ref: VersionRef, in database: Database) throws -> CatalogError {
        if let asset = try Self.asset(ref.asset, in: database), asset.standing != .present {
            return CatalogError(.gone, detail: "asset \(ref.asset) was deleted")
        }
        return CatalogError(.conflict, detail: "\(ref) is not there, not processing, or was announced")
    }
}

// MARK: - Assets

/// What a row of `assets` says to a write.
struct AssetRow {
    let tenant: Tenant
    let last: VersionNumber
    let standing: AssetStanding
}

extension SQLiteCatalog {
    static func asset(_ asset: AssetID, in database: Database) throws -> AssetRow? {
        try Row.fetchOne(CatalogSQL.asset.prepared(database, asset.arguments)).map {
            try Rows.asset($0, row: "assets \(asset)")
        }
    }

    /// Why an asset is not there to be written to.
    static func absent(_ asset: AssetID, in database: Database) throws -> CatalogError {
        guard try Self.asset(asset, in: database) != nil else {
            return CatalogError(.unknownAsset, detail: "no asset \(asset)")
        }
        return CatalogError(.gone, detail: "asset \(asset) was deleted")
    }
}

extension AssetVersion {
    fileprivate func with(source: BlobRecord) -> AssetVersion {
        AssetVersion(
            ref: self.ref,
            tenant: self.tenant,
            state: self.state,
            createdAt: self.createdAt,
            source: source,
            sourceSize: self.sourceSize,
            presets: self.presets,
            renditions: self.renditions,
            failure: self.failure,
            isAnnounced: self.isAnnounced,
            focus: self.focus,
            impression: self.impression
        )
    }
}
