import FoundationEssentials
import GRDB
import MediaModel

/// Something that an audit found.
struct CatalogDiscrepancy: Sendable {
    /// Stable: scripts go by it.
    enum Code: String, CaseIterable {
        /// SQLite's `integrity_check`: pages, indexes, types. Not the tables' CHECKs, which a connection that only
        /// reads does not know (`sqlite3AddCheckConstraint`); the `quick_check` of every start looks at those.
        case integrity
        /// SQLite's `foreign_key_check`: rows that name what is not there.
        case foreignKey = "foreign-key"
        /// `usage` is not what the rows come to. Repaired.
        case usageDiffers = "usage-differs"
        /// `latest` is no ready version, or none although there is one. Repaired: the newest that is ready.
        case latestDiffers = "latest-differs"
        /// An asset that is not erased has no version.
        case assetEmpty = "asset-empty"
        /// An erased asset has versions.
        case erasedNotEmpty = "erased-not-empty"
        /// A version has a number that was never reserved.
        case numberAboveLast = "number-above-last"
        /// A version's or a rendition's row says what cannot be read.
        case unreadable
        /// A ready version lacks a rendition.
        case renditionMissing = "rendition-missing"
        /// A version has a rendition that it should not have.
        case renditionExtra = "rendition-extra"
        /// The envelope key of a blob is not there: the blob cannot be opened.
        case envelopeKeyMissing = "envelope-key-missing"
        /// Nothing names a blob that is counted as stored: nobody would ever remove it.
        case blobUnnamed = "blob-unnamed"
        /// A version or a rendition names a blob that was removed.
        case blobRemoved = "blob-removed"
        /// An idempotency key names a version that is not there.
        case idempotencyKeyDangling = "idempotency-key-dangling"
    }

    let code: Code
    let detail: String
    /// Puts it right, in a transaction of its own, whatever was committed meanwhile.
    var repair: (@Sendable (Database) throws -> Void)?
    /// The asset whose `latest` the repair may move.
    var asset: AssetID?
}

/// Checks what the catalog says against itself.
///
/// Reads only. Sums are read in one snapshot; the rest a page at a time, each page a snapshot, so that the WAL is not
/// kept from beginning anew all the while. What is found may hence be from different moments, but each is true of one.
struct CatalogAudit {
    /// Rows in a page.
    static let pageRows = 1000
    /// What is told of one code; a wrecked catalog would fill the memory with findings.
    static let detailsMax = 1000

    private let reader: DatabaseQueue
    private var found: [CatalogDiscrepancy] = []
    private var counts: [CatalogDiscrepancy.Code: Int] = [:]
    // What is in a version's row as JSON is the same text for thousands of versions.
    private var presets: [String: [Preset]] = [:]
    private var recipes: [String: Recipe] = [:]

    init(_ reader: DatabaseQueue) { self.reader = reader }

    mutating func run() throws -> [CatalogDiscrepancy] {
        try self.checkIntegrity()
        // What is in a damaged file's rows may not even be of the column's type.
        guard self.found.isEmpty else { return self.found }
        try self.checkForeignKeys()
        try self.checkUsage()
        try self.checkAssets()
        try self.checkBlobs()
        try self.checkIdempotencyKeys()
        for (code, count) in self.counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let more = count - Self.detailsMax
            if more > 0 { self.found.append(CatalogDiscrepancy(code: code, detail: "and \(more) more of these")) }
        }
        return self.found
    }

    private mutating func add(
        _ code: CatalogDiscrepancy.Code,
        _ detail: String,
        asset: AssetID? = nil,
        repair: (@Sendable (Database) throws -> Void)? = nil
    ) {
        self.counts[code, default: 0] += 1
        guard self.counts[code, default: 0] <= Self.detailsMax else { return }
        self.found.append(CatalogDiscrepancy(code: code, detail: detail, repair: repair, asset: asset))
    }
}

// MARK: - The database's own checks

extension CatalogAudit {
    private mutating func checkIntegrity() throws {
        let lines = try self.reader.read {
            try String.fetchAll($0, sql: "PRAGMA integrity_check(\(Self.detailsMax))")
        }
        for line in lines where line != "ok" { self.add(.integrity, line) }
    }

    private mutating func checkForeignKeys() throws {
        let broken = try self.reader.read { database in
            // A row has no name of its own in a table without row ids: they are counted.
            var broken: [String: Int] = [:]
            let rows = try Row.fetchCursor(database, sql: "PRAGMA foreign_key_check")
            while let row = try rows.next() {
                let child: String = row["table"]
                let parent: String = row["parent"]
                broken["rows of \(child) name rows of \(parent) that are not there", default: 0] += 1
            }
            return broken
        }
        for (detail, count) in broken.sorted(by: { $0.key < $1.key }) { self.add(.foreignKey, "\(count) \(detail)") }
    }
}

// MARK: - Sums

extension CatalogAudit {
    private struct Sums: Equatable {
        var files = 0
        var blobs = 0
        var bytes = 0
    }

    private mutating func checkUsage() throws {
        let (expected, said) = try self.reader.read { database in
            (try Self.sums(in: database), try Self.usage(in: database))
        }
        for tenant in Set(expected.keys).union(said.keys).sorted() {
            let right = expected[tenant] ?? Sums()
            let wrong = said[tenant] ?? Sums()
            guard right != wrong else { continue }
            let detail = """
                usage \(tenant): \(wrong.files) versions, \(wrong.blobs) blobs of \(wrong.bytes) bytes; the rows come \
                to \(right.files), \(right.blobs) of \(right.bytes)
                """
            self.add(.usageDiffers, detail) { database in
                let missing: StatementArguments = [
                    "tenant": tenant, "files": right.files - wrong.files, "blobs": right.blobs - wrong.blobs,
                    "bytes": right.bytes - wrong.bytes,
                ]
                try database.execute(sql: AuditSQL.addToUsage.rawValue, arguments: missing)
            }
        }
    }

    private static func sums(in database: Database) throws -> [String: Sums] {
        var sums: [String: Sums] = [:]
        // Added up here: SQLite would sort all blobs by tenant first.
        let blobs = try Row.fetchCursor(database, sql: AuditSQL.blobSums.rawValue)
        while let row = try blobs.next() {
            let tenant: String = row["tenant"]
            let bytes: Int = row["sealed_bytes"]
            sums[tenant, default: Sums()].blobs += 1
            sums[tenant, default: Sums()].bytes += bytes
        }
        for row in try Row.fetchAll(database, sql: AuditSQL.versionCounts.rawValue) {
            let tenant: String = row["tenant"]
            sums[tenant, default: Sums()].files = row["files"]
        }
        return sums
    }

    private static func usage(in database: Database) throws -> [String: Sums] {
        let rows = try Row.fetchAll(database, sql: AuditSQL.usage.rawValue).map { row in
            (row["tenant"] as String, Sums(files: row["files"], blobs: row["blobs"], bytes: row["bytes"]))
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }
}

// MARK: - Assets and versions

extension CatalogAudit {
    private mutating func checkAssets() throws {
        var after: String? = ""
        while let last = after {
            let queue = self.reader
            after = try queue.read { database in
                let statement = try database.cachedStatement(sql: AuditSQL.assets.rawValue)
                let page = try Row.fetchAll(statement, arguments: ["after": last, "limit": Self.pageRows])
                for row in page { try self.checkAsset(row, in: database) }
                return page.count < Self.pageRows ? nil : page.last?["id"]
            }
        }
    }

    private mutating func checkAsset(_ row: Row, in database: Database) throws {
        let id: String = row["id"]
        let latest: Int? = row["latest_ready"]
        let newest: Int? = row["newest"]
        let newestReady: Int? = row["newest_ready"]
        let isLatestReady: Bool = row["is_latest"]
        let isErased: Bool = row["erased"]
        let lastReserved: Int = row["last_version"]
        if let newest, isErased { self.add(.erasedNotEmpty, "assets \(id): it is erased and has version \(newest)") }
        if newest == nil, !isErased { self.add(.assetEmpty, "assets \(id): it has no version") }
        if let newest, newest > lastReserved {
            self.add(.numberAboveLast, "assets \(id): it has version \(newest), its last number is \(lastReserved)")
        }
        // None at all while a version is ready, or one that is not.
        if !isErased, latest == nil ? newestReady != nil : !isLatestReady {
            let found = latest.map { "\($0), which is not ready" } ?? "none"
            let right = newestReady.map(String.init) ?? "none"
            let detail = "assets \(id): latest is \(found); it should be \(right)"
            self.add(.latestDiffers, detail, asset: AssetID(id)) { database in
                try database.execute(sql: AuditSQL.setLatest.rawValue, arguments: ["asset": id])
            }
        }
        let versions = try database.cachedStatement(sql: AuditSQL.versions.rawValue)
        for version in try Row.fetchAll(versions, arguments: ["asset": id]) {
            try self.checkVersion(version, in: database)
        }
    }

    private mutating func checkVersion(_ row: Row, in database: Database) throws {
        let asset: String = row["asset"]
        let number: Int = row["number"]
        let state: String = row["state"]
        let name = "versions \(asset)/v\(number)"
        guard let presets = self.presets(in: row["presets_json"]) else {
            return self.add(.unreadable, "\(name): presets_json does not parse")
        }
        let statement = try database.cachedStatement(sql: AuditSQL.renditions.rawValue)
        var found: Set<Preset> = []
        for rendition in try Row.fetchAll(statement, arguments: ["asset": asset, "number": number]) {
            let preset: String = rendition["preset"]
            guard let presetName = PresetName(preset), let recipe = self.recipe(in: rendition["recipe_json"]) else {
                self.add(.unreadable, "renditions \(asset)/v\(number)/\(preset): preset or recipe_json does not parse")
                continue
            }
            found.insert(Preset(name: presetName, recipe: recipe))
        }
        let expected = state == VersionState.ready.rawValue ? Set(presets) : []
        for preset in expected.subtracting(found).sorted(by: { $0.name < $1.name }) {
            self.add(.renditionMissing, "\(name): it is \(state) without a rendition '\(preset.name)'")
        }
        for preset in found.subtracting(expected).sorted(by: { $0.name < $1.name }) {
            self.add(.renditionExtra, "\(name): it is \(state) and has a rendition '\(preset.name)' of another recipe")
        }
    }

    private mutating func presets(in json: String) -> [Preset]? {
        if let known = self.presets[json] { return known }
        let presets = try? Rows.presets(json, row: "")
        self.presets[json] = presets
        return presets
    }

    private mutating func recipe(in json: String) -> Recipe? {
        if let known = self.recipes[json] { return known }
        let recipe = try? Recipe(canonicalJSON: json)
        self.recipes[json] = recipe
        return recipe
    }
}

// MARK: - Blobs and idempotency keys

extension CatalogAudit {
    private mutating func checkBlobs() throws {
        var after: Data? = Data()
        while let last = after {
            let queue = self.reader
            after = try queue.read { database in
                let statement = try database.cachedStatement(sql: AuditSQL.blobs.rawValue)
                let page = try Row.fetchAll(statement, arguments: ["after": last, "limit": Self.pageRows])
                for row in page { self.checkBlob(row) }
                return page.count < Self.pageRows ? nil : page.last?["id"]
            }
        }
    }

    private mutating func checkBlob(_ row: Row) {
        let isRemoved: Bool = row["removed"]
        let isNamed: Bool = row["is_named"]
        let hasKey: Bool = row["has_key"]
        guard isRemoved || !isNamed || !hasKey else { return }
        let name = "blobs \(Hex.encode(row["id"] as Data))"
        if isRemoved, isNamed { self.add(.blobRemoved, "\(name): it is named, and marked as removed") }
        if !isRemoved, !isNamed { self.add(.blobUnnamed, "\(name): nothing names it") }
        if !isRemoved, !hasKey {
            let key: String = row["envelope_key"]
            self.add(.envelopeKeyMissing, "\(name): there is no envelope key \(key)")
        }
    }

    private mutating func checkIdempotencyKeys() throws {
        let refs = try self.reader.read { database in
            try Row.fetchAll(database, sql: AuditSQL.danglingIdempotencyKeys.rawValue).map { row in
                "\(row["asset"] as String)/v\(row["version"] as Int)"
            }
        }
        for ref in refs { self.add(.idempotencyKeyDangling, "idempotency_keys: there is no version \(ref)") }
    }
}
