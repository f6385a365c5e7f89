import GRDB

/// Every statement on the catalog's tables. A test asks SQLite for the plan of each and fails when one reads a whole
/// table that need not.
///
/// `{blob}` stands for the columns of a ``BlobRecord`` (``blobColumns``), from a table called `b`.
enum CatalogSQL: String, CaseIterable {
    // An upload.
    case reserve = """
        UPDATE assets SET last_version = last_version + 1
        WHERE id = :asset AND last_version < 999999999 AND deleted_ms IS NULL RETURNING last_version
        """
    case release = """
        UPDATE assets SET last_version = last_version - 1
        WHERE id = :asset AND last_version = :number AND last_version > 1
          AND NOT EXISTS (SELECT 1 FROM versions WHERE asset = :asset AND number = :number)
        """
    case skipVersions = "UPDATE assets SET last_version = min(last_version + :skipped, :max)"
    case insertAsset = """
        INSERT INTO assets (id, tenant, created_ms, last_version, latest_ready)
        VALUES (:asset, :tenant, :created_ms, :last, :latest)
        """
    case insertBlob = """
        INSERT INTO blobs (id, tenant, asset, version, variant, media_type, created_ms, bytes, sealed_bytes, sha256,
          envelope_key, rewrapped)
        VALUES (:id, :tenant, :asset, :version, :variant, :media_type, :created_ms, :bytes, :sealed_bytes, :sha256,
          :envelope_key, :rewrapped)
        """
    case insertVersion = """
        INSERT INTO versions (asset, number, state, created_ms, source_blob, holds_source, width, height, presets_json,
          announced, focus, thumbhash, colour, attention, frames)
        VALUES (:asset, :number, :state, :created_ms, :blob, 1, :width, :height, :presets, :announced, :focus,
          :thumbhash, :colour, :attention, :frames)
        """
    case insertRendition = """
        INSERT INTO renditions (asset, version, preset, recipe_json, width, height, choice_json, blob)
        VALUES (:asset, :version, :preset, :recipe, :width, :height, :choice, :blob)
        """
    case insertIdempotencyKey = """
        INSERT INTO idempotency_keys (tenant, key, asset, version, target, sha256, bytes, created_ms)
        VALUES (:tenant, :key, :asset, :number, :target, :sha256, :bytes, :created_ms)
        """
    case setReady = """
        UPDATE versions SET state = 'ready', width = :width, height = :height, thumbhash = :thumbhash,
          colour = :colour, attention = :attention, frames = :frames
        WHERE asset = :asset AND number = :number AND state = 'processing'
          AND NOT EXISTS (SELECT 1 FROM assets WHERE id = :asset AND deleted_ms IS NOT NULL)
        RETURNING presets_json
        """
    case moveLatest = """
        UPDATE assets SET latest_ready = :number
        WHERE id = :asset AND NOT EXISTS (
          SELECT 1 FROM versions WHERE asset = :asset AND number > :number AND state = 'ready')
        """
    case setFailed = """
        UPDATE versions SET state = 'failed', failure = :failure, holds_source = :holds
        WHERE asset = :asset AND number = :number AND state = 'processing'
          AND NOT EXISTS (SELECT 1 FROM assets WHERE id = :asset AND deleted_ms IS NOT NULL)
        RETURNING source_blob
        """
    case announce = """
        UPDATE versions SET announced = 1
        WHERE asset = :asset AND number = :number AND state = 'processing' AND announced = 0
        """
    case deleteVersion = """
        DELETE FROM versions
        WHERE asset = :asset AND number = :number AND state = 'processing' AND announced = 0
        RETURNING source_blob
        """
    case deleteIdempotencyKeyOfVersion = "DELETE FROM idempotency_keys WHERE asset = :asset AND version = :number"
    case deleteAssetWithoutVersions = """
        DELETE FROM assets WHERE id = :asset AND NOT EXISTS (SELECT 1 FROM versions WHERE asset = :asset)
        """
    // Twice, since a failed version still shows what its source was: such a row stays, marked.
    case giveUpBlob = """
        UPDATE blobs SET removed = 1
        WHERE id = :id AND removed = 0
          AND NOT EXISTS (SELECT 1 FROM versions WHERE source_blob = :id AND holds_source = 1)
          AND NOT EXISTS (SELECT 1 FROM renditions WHERE blob = :id)
          AND NOT EXISTS (SELECT 1 FROM further_renditions WHERE blob = :id)
        """
    case deleteBlob = """
        DELETE FROM blobs
        WHERE id = :id AND removed = 1 AND NOT EXISTS (SELECT 1 FROM versions WHERE source_blob = :id)
        """
    case source = """
        SELECT {blob} FROM blobs b
        WHERE b.tenant = :tenant AND b.sha256 = :sha256 AND b.bytes = :bytes
          AND b.variant = 'original' AND b.removed = 0 AND b.damage IS NULL
        ORDER BY b.id LIMIT 1
        """
    case upload = """
        SELECT asset, version AS number, target, sha256, bytes FROM idempotency_keys
        WHERE tenant = :tenant AND key = :key
        """
    case oldIdempotencyKeys = """
        SELECT tenant, key FROM idempotency_keys WHERE created_ms < :before ORDER BY created_ms LIMIT :limit
        """
    case deleteIdempotencyKey = "DELETE FROM idempotency_keys WHERE tenant = :tenant AND key = :key"
    case usage = "SELECT bytes, files FROM usage WHERE tenant = :tenant"

    // Reading.
    case asset = "SELECT tenant, last_version, deleted_ms, erased FROM assets WHERE id = :asset"
    case version = """
        SELECT v.asset, v.number, a.tenant, v.state, v.created_ms, v.width, v.height, v.presets_json, v.failure,
          v.announced, v.focus, v.thumbhash, v.colour, v.attention, v.frames, {blob}
        FROM assets a CROSS JOIN versions v ON v.asset = a.id CROSS JOIN blobs b ON b.id = v.source_blob
        WHERE a.id = :asset AND a.deleted_ms IS NULL AND v.number = :number
        """
    case newestNumber = "SELECT max(number) FROM versions WHERE asset = :asset"
    case numbersBelow = """
        SELECT number FROM versions WHERE asset = :asset AND number < :before ORDER BY number DESC LIMIT :limit
        """
    case renditions = """
        SELECT r.preset, r.recipe_json, r.width, r.height, r.choice_json, {blob}
        FROM renditions r CROSS JOIN blobs b ON b.id = r.blob
        WHERE r.asset = :asset AND r.version = :number
        """
    case latest = "SELECT latest_ready FROM assets WHERE id = :asset AND deleted_ms IS NULL AND latest_ready > 0"
    // One statement for delivery; without a number it is the latest.
    case rendition = """
        SELECT v.number, v.created_ms, r.preset, r.recipe_json, r.width, r.height, r.choice_json, {blob}
        FROM assets a CROSS JOIN renditions r
          ON r.asset = a.id AND r.version = coalesce(:number, a.latest_ready) AND r.preset = :preset
          CROSS JOIN versions v ON v.asset = a.id AND v.number = r.version
          CROSS JOIN blobs b ON b.id = r.blob
        WHERE a.id = :asset AND a.deleted_ms IS NULL
        """
    case further = """
        SELECT v.created_ms, r.name, r.recipe_json, r.width, r.height, r.choice_json, {blob}
        FROM assets a CROSS JOIN further_renditions r ON r.asset = a.id AND r.version = :number AND r.name = :name
          CROSS JOIN versions v ON v.asset = a.id AND v.number = r.version
          CROSS JOIN blobs b ON b.id = r.blob
        WHERE a.id = :asset AND a.deleted_ms IS NULL
        """
    case insertFurther = """
        INSERT INTO further_renditions (asset, version, name, recipe_json, width, height, choice_json, blob)
        VALUES (:asset, :number, :name, :recipe, :width, :height, :choice, :id)
        """
    // Those whose names are options: `=` is in no preset's name.
    case oneOffs = """
        SELECT count(*) FROM further_renditions WHERE asset = :asset AND version = :number AND name GLOB '*=*'
        """
    case assetPage = "SELECT id FROM assets WHERE id > :after AND deleted_ms IS NULL ORDER BY id LIMIT :limit"
    case unfinished = """
        SELECT v.asset, v.number FROM versions v CROSS JOIN assets a ON a.id = v.asset
        WHERE v.state = 'processing' AND a.deleted_ms IS NULL ORDER BY v.created_ms, v.asset, v.number
        """

    // The rest of a life.
    case setLatest = """
        UPDATE assets SET latest_ready = :number
        WHERE id = :asset AND deleted_ms IS NULL AND EXISTS (
          SELECT 1 FROM versions WHERE asset = :asset AND number = :number AND state = 'ready')
        """
    case markDeleted = "UPDATE assets SET deleted_ms = :deleted_ms WHERE id = :asset AND deleted_ms IS NULL"
    case unmarkDeleted = """
        UPDATE assets SET deleted_ms = NULL WHERE id = :asset AND deleted_ms IS NOT NULL AND erased = 0
        """
    case deleted = """
        SELECT id FROM assets WHERE deleted_ms < :before AND erased = 0 ORDER BY deleted_ms, id LIMIT :limit
        """
    case blobsOfAsset = """
        SELECT source_blob FROM versions WHERE asset = :asset UNION ALL
        SELECT blob FROM renditions WHERE asset = :asset UNION ALL
        SELECT blob FROM further_renditions WHERE asset = :asset
        """
    case eraseIdempotencyKeys = "DELETE FROM idempotency_keys WHERE asset = :asset"
    case eraseRenditions = "DELETE FROM renditions WHERE asset = :asset"
    case eraseFurther = "DELETE FROM further_renditions WHERE asset = :asset"
    case eraseVersions = "DELETE FROM versions WHERE asset = :asset"
    case markErased = "UPDATE assets SET erased = 1, latest_ready = NULL WHERE id = :asset"

    // Keys.
    case envelopeKeys = """
        SELECT id, tenant, created_ms, root_key, wrapped FROM envelope_keys ORDER BY created_ms DESC, id DESC
        """
    case insertEnvelopeKey = """
        INSERT INTO envelope_keys (id, tenant, created_ms, root_key, wrapped)
        VALUES (:id, :tenant, :created_ms, :root_key, :wrapped)
        """
    case setWrapped = "UPDATE envelope_keys SET root_key = :root_key, wrapped = :wrapped WHERE id = :id"
    case deleteEnvelopeKey = "DELETE FROM envelope_keys WHERE id = :id"
    case blobCounts = """
        SELECT needed_key, count(*) AS blobs FROM blobs WHERE needed_key IS NOT NULL GROUP BY needed_key
        """
    case blobsUnderKey = """
        SELECT {blob} FROM blobs b WHERE b.needed_key = :key AND b.id > :after ORDER BY b.id LIMIT :limit
        """
    case rewrap = """
        UPDATE blobs SET envelope_key = :to, rewrapped = :wrapped
        WHERE id = :id AND envelope_key = :from AND removed = 0
        """

    // Verification.
    case blob = "SELECT {blob}, b.removed, b.damage FROM blobs b WHERE b.id = :id"
    case knownBlob = "SELECT 1 FROM blobs WHERE id = :id AND removed = 0"
    case blobs = "SELECT {blob} FROM blobs b WHERE b.id > :after AND b.removed = 0 ORDER BY b.id LIMIT :limit"
    case blobTotals = "SELECT coalesce(sum(blobs), 0) AS blobs, coalesce(sum(bytes), 0) AS bytes FROM usage"
    case usesAsSource = "SELECT asset, number FROM versions WHERE source_blob = :id AND holds_source = 1"
    case usesAsRendition = "SELECT asset, version AS number, preset FROM renditions WHERE blob = :id"
    case usesAsFurther = "SELECT asset, version AS number, name FROM further_renditions WHERE blob = :id"
    case setDamage = "UPDATE blobs SET damage = :damage WHERE id = :id AND removed = 0"
    case damagedBlobs = """
        SELECT {blob}, b.damage FROM blobs b INDEXED BY blobs_damaged
        WHERE b.damage IS NOT NULL AND b.removed = 0 ORDER BY b.id LIMIT :limit
        """
    case renditionsBlob = """
        SELECT blob FROM renditions WHERE asset = :asset AND version = :number AND preset = :preset
        """
    case setRenditionsBlob = """
        UPDATE renditions SET blob = :id WHERE asset = :asset AND version = :number AND preset = :preset
        """
    case furthersBlob = """
        SELECT blob FROM further_renditions WHERE asset = :asset AND version = :number AND name = :name
        """
    case setFurthersBlob = """
        UPDATE further_renditions SET blob = :id WHERE asset = :asset AND version = :number AND name = :name
        """
    case moveSources = "UPDATE versions SET source_blob = :new WHERE source_blob = :id AND holds_source = 1"
    case moveRenditions = "UPDATE renditions SET blob = :new WHERE blob = :id"
    case moveFurther = "UPDATE further_renditions SET blob = :new WHERE blob = :id"
    case scrub = "SELECT position, started_ms, completed_ms FROM scrub WHERE id = 1"
    case setScrub = """
        INSERT INTO scrub (id, position, started_ms, completed_ms) VALUES (1, :position, :started_ms, :completed_ms)
        ON CONFLICT (id) DO UPDATE SET position = excluded.position, started_ms = excluded.started_ms,
          completed_ms = excluded.completed_ms
        """

    // Sources that have cost codec processes.
    case strike = """
        INSERT INTO poisoned (sha256, strikes, first_ms, last_ms, reason) VALUES (:sha256, 1, :now_ms, :now_ms, :reason)
        ON CONFLICT (sha256) DO UPDATE SET strikes = strikes + 1, last_ms = max(last_ms, excluded.last_ms),
          reason = excluded.reason
        """
    case forgetStrikes = "DELETE FROM poisoned WHERE strikes < :strikes AND last_ms < :before"
    case makeRoomForStrike = """
        DELETE FROM poisoned WHERE sha256 IN (
          SELECT sha256 FROM poisoned WHERE sha256 <> :sha256 ORDER BY strikes DESC, last_ms DESC
          LIMIT -1 OFFSET :others
        )
        """
    case poison = "SELECT sha256, strikes, first_ms, last_ms, reason FROM poisoned WHERE sha256 = :sha256"
    case poisoned = """
        SELECT sha256, strikes, first_ms, last_ms, reason FROM poisoned ORDER BY last_ms DESC, sha256 DESC
        LIMIT :limit
        """
    case clearPoison = "DELETE FROM poisoned WHERE sha256 = :sha256"
    case clearAllPoison = "DELETE FROM poisoned"

    // The purge outbox.
    case storedLatest = "SELECT latest_ready FROM assets WHERE id = :asset"
    case renditionNames = """
        SELECT asset, version AS number, preset, recipe_json FROM renditions WHERE asset = :asset
        """
    case renditionNamesOfTwo = """
        SELECT asset, version AS number, preset, recipe_json FROM renditions
        WHERE asset = :asset AND version IN (:before, :after)
        """
    case oneOffNames = """
        SELECT asset, version AS number, name FROM further_renditions WHERE asset = :asset AND name GLOB '*=*'
        """
    case insertPurge = """
        INSERT INTO purges (target, asset, change, paths, created_ms, due_ms)
        VALUES (:target, :asset, :change, :paths, :now_ms, :now_ms)
        """
    // In the order of an asset's changes: of each asset the earliest that was not sent yet, and no other.
    case duePurges = """
        SELECT id, target, asset, change, paths, created_ms, due_ms, attempts, sent_ms, error
        FROM purges p INDEXED BY purges_due
        WHERE p.target = :target AND p.due_ms <= :now_ms AND NOT EXISTS (
          SELECT 1 FROM purges e INDEXED BY purges_asset
          WHERE e.target = :target AND e.asset = p.asset AND e.id < p.id AND e.sent_ms IS NULL)
        ORDER BY p.due_ms, p.id LIMIT :limit
        """
    case nextPurge = "SELECT min(due_ms) FROM purges WHERE target = :target"
    case purgeLag = """
        SELECT count(*) AS pending, min(created_ms) AS oldest_ms FROM purges INDEXED BY purges_waiting
        WHERE target = :target AND sent_ms IS NULL
        """
    case purgePage = """
        SELECT id, target, asset, change, paths, created_ms, due_ms, attempts, sent_ms, error
        FROM purges WHERE id > :after ORDER BY id LIMIT :limit
        """
    case oldPurges = """
        SELECT id, target, asset, change, paths, created_ms, due_ms, attempts, sent_ms, error
        FROM purges WHERE created_ms < :before ORDER BY created_ms, id LIMIT :limit
        """
    case deletePurge = "DELETE FROM purges WHERE id = :id"
    case sendPurgeAgain = """
        UPDATE purges SET sent_ms = :sent_ms, due_ms = :due_ms, attempts = 0, error = NULL WHERE id = :id
        """
    case failPurge = "UPDATE purges SET attempts = attempts + 1, error = :error, due_ms = :due_ms WHERE id = :id"
    case hastenPurges = """
        UPDATE purges SET due_ms = :now_ms WHERE target = :target AND due_ms > :now_ms AND attempts > 0
        """

    // The catalog itself.
    case identity = "SELECT catalog FROM identity WHERE id = 1"

    static let blobColumns = """
        b.id AS blob_id, b.tenant AS blob_tenant, b.asset AS blob_asset, b.version AS blob_version, b.variant,
          b.media_type, b.created_ms AS blob_created_ms, b.bytes, b.sealed_bytes, b.sha256, b.envelope_key, b.rewrapped
        """

    private static let texts = Dictionary(
        uniqueKeysWithValues: CatalogSQL.allCases.map {
            ($0, $0.rawValue.replacing("{blob}", with: CatalogSQL.blobColumns))
        }
    )

    /// The statement's text, also its key in GRDB's cache of prepared statements.
    var text: String { Self.texts[self, default: self.rawValue] }

    /// The prepared statement, bound; no other call may use it until this one has read its rows.
    func prepared(_ database: Database, _ arguments: StatementArguments) throws -> Statement {
        let statement = try database.cachedStatement(sql: self.text)
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
