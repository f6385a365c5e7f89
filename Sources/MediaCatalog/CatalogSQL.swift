import GRDB

/// Every statement on the catalog's tables. A test asks SQLite for the plan of each and fails when one reads a whole
/// table.
///
/// The text of a statement is also its key in GRDB's cache of prepared statements.
enum CatalogSQL: String, CaseIterable {
    // Writes.
    case reserve = """
        UPDATE assets SET last_version = last_version + 1
        WHERE id = :asset AND last_version < 999999999 RETURNING last_version
        """
    case release = """
        UPDATE assets SET last_version = last_version - 1
        WHERE id = :asset AND last_version = :number AND last_version > 1
          AND NOT EXISTS (SELECT 1 FROM versions WHERE asset = :asset AND number = :number)
        """
    case insertAsset = """
        INSERT INTO assets (id, tenant, created_ms, last_version) VALUES (:asset, :tenant, :created_ms, 1)
        """
    case insertBlob = """
        INSERT INTO blobs (id, tenant, asset, version, variant, media_type, created_ms, bytes, sealed_bytes, sha256,
          envelope_key)
        VALUES (:id, :tenant, :asset, :version, :variant, :media_type, :created_ms, :bytes, :sealed_bytes, :sha256,
          :envelope_key)
        """
    case insertVersion = """
        INSERT INTO versions (asset, number, state, created_ms, source_blob, width, height, presets_json, announced)
        VALUES (:asset, :number, 'processing', :created_ms, :blob, :width, :height, :presets, :announced)
        """
    case insertRendition = """
        INSERT INTO renditions (asset, version, preset, recipe_json, width, height, blob)
        VALUES (:asset, :version, :preset, :recipe, :width, :height, :blob)
        """
    case setReady = """
        UPDATE versions SET state = 'ready', width = :width, height = :height
        WHERE asset = :asset AND number = :number AND state = 'processing' RETURNING presets_json
        """
    case moveLatest = """
        UPDATE assets SET latest_ready = :number
        WHERE id = :asset AND (latest_ready IS NULL OR latest_ready < :number)
        """
    case setFailed = """
        UPDATE versions SET state = 'failed', failure = :failure
        WHERE asset = :asset AND number = :number AND state = 'processing' RETURNING source_blob
        """
    case markBlobRemoved = "UPDATE blobs SET removed = 1 WHERE id = :id"
    case deleteVersion = """
        DELETE FROM versions WHERE asset = :asset AND number = :number AND state = 'processing' RETURNING source_blob
        """
    case deleteBlob = "DELETE FROM blobs WHERE id = :id"
    case deleteAssetWithoutVersions = """
        DELETE FROM assets WHERE id = :asset AND NOT EXISTS (SELECT 1 FROM versions WHERE asset = :asset)
        """

    // Reads.
    case asset = "SELECT tenant, last_version FROM assets WHERE id = :asset"
    case version = """
        SELECT v.asset, v.number, a.tenant, v.state, v.created_ms, v.width, v.height, v.presets_json, v.failure,
          v.announced, b.id AS blob_id, b.tenant AS blob_tenant, b.asset AS blob_asset, b.version AS blob_version,
          b.variant, b.media_type, b.created_ms AS blob_created_ms, b.bytes, b.sealed_bytes, b.sha256, b.envelope_key
        FROM versions v CROSS JOIN assets a ON a.id = v.asset CROSS JOIN blobs b ON b.id = v.source_blob
        WHERE v.asset = :asset AND v.number = :number
        """
    case newestNumber = "SELECT max(number) FROM versions WHERE asset = :asset"
    case renditions = """
        SELECT r.preset, r.recipe_json, r.width, r.height, b.id AS blob_id, b.tenant AS blob_tenant,
          b.asset AS blob_asset, b.version AS blob_version, b.variant, b.media_type,
          b.created_ms AS blob_created_ms, b.bytes, b.sealed_bytes, b.sha256, b.envelope_key
        FROM renditions r CROSS JOIN blobs b ON b.id = r.blob
        WHERE r.asset = :asset AND r.version = :number
        """
    case renditionOfNumber = """
        SELECT v.number, v.created_ms, r.preset, r.recipe_json, r.width, r.height, b.id AS blob_id,
          b.tenant AS blob_tenant, b.asset AS blob_asset, b.version AS blob_version, b.variant, b.media_type,
          b.created_ms AS blob_created_ms, b.bytes, b.sealed_bytes, b.sha256, b.envelope_key
        FROM renditions r CROSS JOIN versions v ON v.asset = r.asset AND v.number = r.version
          CROSS JOIN blobs b ON b.id = r.blob
        WHERE r.asset = :asset AND r.version = :number AND r.preset = :preset
        """
    case latestReady = "SELECT latest_ready FROM assets WHERE id = :asset AND latest_ready IS NOT NULL"
    case assetPage = "SELECT id FROM assets WHERE id > :after ORDER BY id LIMIT :limit"
    case unfinished = """
        SELECT asset, number FROM versions WHERE state = 'processing' ORDER BY created_ms, asset, number
        """
    case knownBlob = "SELECT 1 FROM blobs WHERE id = :id AND removed = 0"
    // SELECT DISTINCT would walk the whole index; this jumps from one key to the next.
    case envelopeKeys = """
        WITH RECURSIVE used(envelope_key) AS (
          SELECT min(envelope_key) FROM blobs WHERE removed = 0
          UNION ALL
          SELECT (SELECT min(b.envelope_key) FROM blobs b WHERE b.removed = 0 AND b.envelope_key > used.envelope_key)
          FROM used WHERE used.envelope_key IS NOT NULL
        )
        SELECT envelope_key FROM used WHERE envelope_key IS NOT NULL
        """

    /// The prepared statement, bound; no other call may use it until this one has read its rows.
    func prepared(_ database: Database, _ arguments: StatementArguments) throws -> Statement {
        let statement = try database.cachedStatement(sql: self.rawValue)
        try statement.setArguments(arguments)
        return statement
    }

    /// Runs a statement that gives no rows; returns how many rows it changed.
    @discardableResult
    func run(_ database: Database, _ arguments: StatementArguments) throws -> Int {
        try self.prepared(database, arguments).execute()
        return database.changesCount
    }
}
