import FoundationEssentials
import GRDB
import MediaModel
import MediaTesting

@testable import MediaCatalog

/// A catalog as the program before envelope keys left it: its SQL word for word, and rows of every kind it knew.
struct SecondSchema {
    static let formerKey = EnvelopeKeyID("2026-11-01-abcdef")
    static let lostKey = EnvelopeKeyID("2026-10-01-fedcba")

    let ready: AssetVersion
    let duplicate: AssetVersion
    let processing: AssetVersion
    let failed: AssetVersion

    var versions: [AssetVersion] { [self.ready, self.duplicate, self.processing, self.failed] }

    init() {
        let picture = Samples.digest(1)
        let first = Self.version(1, createdAt: 2000, sha256: picture)
        self.ready = Samples.ready(first, renditions: Self.renditions(of: first))
        let second = Self.version(2, createdAt: 1000, sha256: picture)
        self.duplicate = Samples.ready(second, renditions: Self.renditions(of: second))
        self.processing = Self.version(3, createdAt: 3000)
        let fourth = Self.version(4, createdAt: 0, key: Self.lostKey)
        self.failed = AssetVersion(
            ref: fourth.ref,
            tenant: fourth.tenant,
            state: .failed,
            createdAt: fourth.createdAt,
            source: fourth.source,
            presets: fourth.presets,
            failure: "undecodable",
            isAnnounced: true
        )
    }

    private static func version(
        _ number: Int,
        createdAt milliseconds: Int,
        sha256: SHA256Digest? = nil,
        key: EnvelopeKeyID = Self.formerKey
    ) -> AssetVersion {
        let ref = VersionRef(asset: Samples.assetID(number), number: .first)
        let moment = Samples.moment(plus: milliseconds)
        let source = Samples.blob(of: ref, createdAt: moment, sha256: sha256, envelopeKey: key)
        return Samples.version(of: ref.asset, createdAt: moment, source: source)
    }

    private static func renditions(of version: AssetVersion) -> [Rendition] {
        Samples.renditions(of: version).map { sample in
            let blob = Samples.blob(
                of: version.ref,
                variant: sample.blob.sealedAs.variant,
                mediaType: sample.blob.sealedAs.mediaType,
                bytes: sample.blob.bytes,
                createdAt: version.createdAt,
                envelopeKey: Self.formerKey
            )
            return Rendition(preset: sample.preset, size: sample.size, blob: blob)
        }
    }

    /// Makes the file, as its program closed it.
    func write(to path: String) throws {
        let pool = try DatabasePool(path: path)
        try pool.write { database in
            try database.execute(sql: Self.sql)
            for version in self.versions { try self.insert(version, in: database) }
        }
        try pool.close()
    }

    private func insert(_ version: AssetVersion, in database: Database) throws {
        try database.execute(
            sql: "INSERT INTO assets VALUES (?, 'default', ?, 1, ?)",
            arguments: [
                version.ref.asset.description, Rows.milliseconds(version.createdAt), version.state == .ready ? 1 : nil,
            ]
        )
        try self.insert(version.source, removed: version.state == .failed, in: database)
        try database.execute(
            sql: "INSERT INTO versions VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                version.ref.asset.description, version.state.rawValue, Rows.milliseconds(version.createdAt),
                Data(version.source.id.bytes), version.sourceSize?.width, version.sourceSize?.height,
                Rows.json(version.presets), version.failure, version.isAnnounced,
            ]
        )
        for rendition in version.renditions {
            try self.insert(rendition.blob, removed: false, in: database)
            try database.execute(
                sql: "INSERT INTO renditions VALUES (?, 1, ?, ?, ?, ?, ?)",
                arguments: [
                    version.ref.asset.description, rendition.preset.name.description,
                    rendition.preset.recipe.canonicalJSON, rendition.size.width, rendition.size.height,
                    Data(rendition.blob.id.bytes),
                ]
            )
        }
    }

    private func insert(_ blob: BlobRecord, removed: Bool, in database: Database) throws {
        try database.execute(
            sql: "INSERT INTO blobs VALUES (?, 'default', ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                Data(blob.id.bytes), blob.sealedAs.asset.description, blob.sealedAs.variant, blob.sealedAs.mediaType,
                Rows.milliseconds(blob.sealedAs.createdAt), blob.bytes, blob.sealedBytes, Data(blob.sha256.bytes),
                blob.envelopeKey.description, removed,
            ]
        )
    }

    static let sql = """
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1'), ('2');
        PRAGMA application_id = 1229801295;
        PRAGMA user_version = 2;

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

        CREATE INDEX blobs_envelope_key ON blobs(envelope_key) WHERE removed = 0;
        """
}
