import GRDB
import MediaModel

/// The tables, and how a file gets from one version of them to the next.
enum Schema {
    /// In the file's header (`PRAGMA application_id`), so that no other program's database is taken for a catalog:
    /// `IMGO`.
    static let applicationID = 0x494D_474F
    /// In the file's header (`PRAGMA user_version`): the number of the last migration.
    static let version = 9

    /// Each migration is one transaction, also the number in the header. One that was released is never changed.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: Self.first)
            try database.execute(sql: "PRAGMA application_id = \(Self.applicationID); PRAGMA user_version = 1")
        }
        migrator.registerMigration("2", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: Self.second)
            try database.execute(sql: "PRAGMA user_version = 2")
        }
        // A table is built anew, others refer to it: references are checked at the end, in the same transaction.
        migrator.registerMigration("3", foreignKeyChecks: .deferred) { database in
            try database.execute(sql: Self.third)
            try database.execute(sql: "PRAGMA user_version = 3")
        }
        migrator.registerMigration("4", foreignKeyChecks: .immediate) { database in
            try Self.migrateToFourth(database)
            try database.execute(sql: "PRAGMA user_version = 4")
        }
        migrator.registerMigration("5", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: Self.fifth)
            try database.execute(sql: "PRAGMA user_version = 5")
        }
        migrator.registerMigration("6", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: Self.sixth)
            try database.execute(sql: "PRAGMA user_version = 6")
        }
        migrator.registerMigration("7", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: Self.seventh)
            try database.execute(sql: "PRAGMA user_version = 7")
        }
        migrator.registerMigration("8", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: Self.eighth)
            try database.execute(sql: "PRAGMA user_version = 8")
        }
        migrator.registerMigration("9", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: Self.ninth)
            try database.execute(sql: "PRAGMA user_version = 9")
        }
        return migrator
    }

    /// Refuses another program's database, and a catalog that a newer program has changed: its rows may mean things
    /// that this one does not know.
    static func checkIsOurs(_ database: Database) throws {
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if application == Self.applicationID {
            if version > Self.version {
                let detail = """
                    the catalog has schema \(version), this program knows \(Self.version): start the newer program, or \
                    restore a back-up from before its first start
                    """
                throw CatalogError(.newer, detail: detail)
            }
            return
        }
        // A file that was just made is empty but for what GRDB keeps (a start may have ended before migration 1).
        let foreign = "SELECT count(*) FROM sqlite_schema WHERE name NOT GLOB 'grdb_*' AND name NOT GLOB 'sqlite_*'"
        let tables = try Int.fetchOne(database, sql: foreign) ?? 0
        guard application == 0, version == 0, tables == 0 else {
            let detail = "the file is no catalog but another program's database (application_id \(application))"
            throw CatalogError(.failed, detail: detail)
        }
    }

    /// `blobs` and `renditions` hold what a failed version's manifest still shows: the blob of its source is gone from
    /// the store, its row stays, marked `removed`, and is no longer among the known blobs.
    ///
    /// Times are milliseconds since 1970. The indexes on blob columns are for the foreign keys: SQLite looks for
    /// children when a row of `blobs` goes.
    private static let first = """
        CREATE TABLE blobs (
          id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
          tenant TEXT NOT NULL CHECK (length(tenant) BETWEEN 1 AND 64),
          asset TEXT NOT NULL CHECK (length(asset) = 26),
          version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 999999999),
          variant TEXT NOT NULL CHECK (variant <> ''),
          media_type TEXT NOT NULL CHECK (media_type <> ''),
          created_ms INTEGER NOT NULL,
          bytes INTEGER NOT NULL CHECK (bytes >= 0),
          sealed_bytes INTEGER NOT NULL CHECK (sealed_bytes >= bytes),
          sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
          envelope_key TEXT NOT NULL CHECK (envelope_key <> ''),
          removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1))
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE assets (
          id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 26),
          tenant TEXT NOT NULL CHECK (length(tenant) BETWEEN 1 AND 64),
          created_ms INTEGER NOT NULL,
          last_version INTEGER NOT NULL CHECK (last_version BETWEEN 1 AND 999999999),
          latest_ready INTEGER CHECK (latest_ready BETWEEN 1 AND last_version)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE versions (
          asset TEXT NOT NULL REFERENCES assets(id),
          number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 999999999),
          state TEXT NOT NULL CHECK (state IN ('processing', 'ready', 'failed')),
          created_ms INTEGER NOT NULL,
          source_blob BLOB NOT NULL REFERENCES blobs(id),
          width INTEGER CHECK (width > 0),
          height INTEGER CHECK (height > 0),
          presets_json TEXT NOT NULL,
          failure TEXT,
          announced INTEGER NOT NULL CHECK (announced IN (0, 1)),
          PRIMARY KEY (asset, number),
          CHECK ((width IS NULL) = (height IS NULL)),
          CHECK (state <> 'ready' OR width IS NOT NULL),
          CHECK ((state = 'failed') = (failure IS NOT NULL))
        ) STRICT;

        CREATE INDEX versions_source ON versions(source_blob);
        CREATE INDEX versions_processing ON versions(created_ms, asset, number) WHERE state = 'processing';

        CREATE TABLE renditions (
          asset TEXT NOT NULL,
          version INTEGER NOT NULL,
          preset TEXT NOT NULL CHECK (length(preset) BETWEEN 1 AND 32),
          recipe_json TEXT NOT NULL,
          width INTEGER NOT NULL CHECK (width > 0),
          height INTEGER NOT NULL CHECK (height > 0),
          blob BLOB NOT NULL REFERENCES blobs(id),
          PRIMARY KEY (asset, version, preset),
          FOREIGN KEY (asset, version) REFERENCES versions(asset, number)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX renditions_blob ON renditions(blob);
        """

    /// For the question at every start which envelope keys are needed.
    private static let second = """
        CREATE INDEX blobs_envelope_key ON blobs(envelope_key) WHERE removed = 0;
        """
}
