/// The statements of the audit. They read whole tables, on a connection that only reads, a page at a time where one
/// statement is not needed for what it says to be true.
enum AuditSQL: String, CaseIterable {
    case blobSums = "SELECT tenant, sealed_bytes FROM blobs WHERE removed = 0"
    case versionCounts = """
        SELECT a.tenant, count(*) AS files FROM assets a JOIN versions v ON v.asset = a.id GROUP BY a.tenant
        """
    case usage = "SELECT tenant, files, blobs, bytes FROM usage"
    case assets = """
        SELECT id, latest_ready, last_version, erased,
          (SELECT max(number) FROM versions WHERE asset = a.id) AS newest,
          (SELECT max(number) FROM versions WHERE asset = a.id AND state = 'ready') AS newest_ready,
          EXISTS (SELECT 1 FROM versions WHERE asset = a.id AND number = a.latest_ready AND state = 'ready')
            AS is_latest
        FROM assets a WHERE id > :after ORDER BY id LIMIT :limit
        """
    case versions = "SELECT asset, number, state, presets_json FROM versions WHERE asset = :asset ORDER BY number"
    case renditions = "SELECT preset, recipe_json FROM renditions WHERE asset = :asset AND version = :number"
    case blobs = """
        SELECT id, envelope_key, removed,
          EXISTS (SELECT 1 FROM versions WHERE source_blob = b.id AND holds_source = 1)
            OR EXISTS (SELECT 1 FROM renditions WHERE blob = b.id)
            OR EXISTS (SELECT 1 FROM further_renditions WHERE blob = b.id) AS is_named,
          EXISTS (SELECT 1 FROM envelope_keys WHERE id = b.needed_key) AS has_key
        FROM blobs b WHERE id > :after ORDER BY id LIMIT :limit
        """
    case danglingIdempotencyKeys = """
        SELECT i.asset, i.version FROM idempotency_keys i
        WHERE NOT EXISTS (SELECT 1 FROM versions WHERE asset = i.asset AND number = i.version)
        """

    // Repairs.
    /// Adds what was missing: what was committed since the audit read is in the row already.
    case addToUsage = """
        INSERT INTO usage (tenant, files, blobs, bytes) VALUES (:tenant, :files, :blobs, :bytes)
        ON CONFLICT (tenant) DO UPDATE SET files = files + excluded.files, blobs = blobs + excluded.blobs,
          bytes = bytes + excluded.bytes
        """
    /// Only where it is wrong still.
    case setLatest = """
        UPDATE assets SET latest_ready = (SELECT max(number) FROM versions WHERE asset = :asset AND state = 'ready')
        WHERE id = :asset AND erased = 0 AND NOT EXISTS (
          SELECT 1 FROM versions WHERE asset = :asset AND number = latest_ready AND state = 'ready')
        """
}
