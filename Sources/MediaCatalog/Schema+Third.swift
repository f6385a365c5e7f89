extension Schema {
    /// Keys as rows, a life after the upload, sums.
    ///
    /// `envelope_keys`: the keys that are there are the ones that blobs need: all of them were lines of the key ring,
    /// hence without a wrapped form.
    ///
    /// `blobs.needed_key` is what makes a retired key impossible to use: a generated column (nothing is stored for it
    /// but in its index) that is the envelope key while the blob is in the store, and NULL once it was removed. Its
    /// foreign key is checked by SQLite at every insert, at every new wrap and at every retirement, in both directions.
    /// A foreign key on `envelope_key` itself would keep a key for ever that only a failed version's row remembers, and
    /// would need the table built anew and copied, three million rows of it; triggers would say the same in four pieces
    /// that must agree, and leave `foreign_key_check` nothing to find. The index also gives the blobs under a key in
    /// the order of their ids, and takes the place of the second schema's.
    ///
    /// `versions` is built anew (https://sqlite.org/lang_altertable.html, section 7) as a table without row ids: a
    /// look-up among a million assets reads one page less, and an upload writes one less. `holds_source` is 0 once a
    /// version failed and gave its source up: the row only remembers what it was.
    ///
    /// `usage` follows from `blobs` and `versions` and is kept by triggers, so that no write can forget it. The sums
    /// have no CHECK: were one wrong, an upload or the removal of an asset would fail for it; the audit finds it.
    ///
    /// `idempotency_keys`: the index on the version is for its foreign key, the other for the day they are too old.
    static let third = """
        CREATE TABLE envelope_keys (
          id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
          tenant TEXT NOT NULL CHECK (length(tenant) BETWEEN 1 AND 64),
          created_ms INTEGER NOT NULL,
          root_key TEXT CHECK (length(root_key) BETWEEN 1 AND 2048),
          wrapped BLOB CHECK (length(wrapped) BETWEEN 1 AND 6144),
          CHECK ((root_key IS NULL) = (wrapped IS NULL))
        ) STRICT, WITHOUT ROWID;

        INSERT INTO envelope_keys (id, tenant, created_ms)
        SELECT envelope_key, min(tenant), min(created_ms) FROM blobs WHERE removed = 0 GROUP BY envelope_key;

        ALTER TABLE blobs ADD COLUMN rewrapped BLOB CHECK (length(rewrapped) = 72);
        ALTER TABLE blobs ADD COLUMN damage TEXT CHECK (damage <> '');
        ALTER TABLE blobs ADD COLUMN needed_key TEXT REFERENCES envelope_keys(id)
          GENERATED ALWAYS AS (CASE removed WHEN 0 THEN envelope_key END) VIRTUAL;

        DROP INDEX blobs_envelope_key;
        CREATE INDEX blobs_needed_key ON blobs(needed_key);
        CREATE INDEX blobs_source ON blobs(tenant, sha256)
          WHERE variant = 'original' AND removed = 0 AND damage IS NULL;
        CREATE INDEX blobs_damaged ON blobs(id) WHERE damage IS NOT NULL AND removed = 0;

        ALTER TABLE assets ADD COLUMN deleted_ms INTEGER;
        ALTER TABLE assets ADD COLUMN erased INTEGER NOT NULL DEFAULT 0
          CHECK (erased IN (0, 1) AND (erased = 0 OR deleted_ms IS NOT NULL AND latest_ready IS NULL));
        CREATE INDEX assets_deleted ON assets(deleted_ms) WHERE deleted_ms IS NOT NULL AND erased = 0;

        CREATE TABLE new_versions (
          asset TEXT NOT NULL REFERENCES assets(id),
          number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 999999999),
          state TEXT NOT NULL CHECK (state IN ('processing', 'ready', 'failed')),
          created_ms INTEGER NOT NULL,
          source_blob BLOB NOT NULL REFERENCES blobs(id),
          holds_source INTEGER NOT NULL CHECK (holds_source IN (0, 1)),
          width INTEGER CHECK (width > 0),
          height INTEGER CHECK (height > 0),
          presets_json TEXT NOT NULL,
          failure TEXT,
          announced INTEGER NOT NULL CHECK (announced IN (0, 1)),
          PRIMARY KEY (asset, number),
          CHECK ((width IS NULL) = (height IS NULL)),
          CHECK (state <> 'ready' OR width IS NOT NULL),
          CHECK ((state = 'failed') = (failure IS NOT NULL)),
          CHECK (holds_source = 1 OR state = 'failed')
        ) STRICT, WITHOUT ROWID;

        INSERT INTO new_versions (asset, number, state, created_ms, source_blob, holds_source, width, height,
          presets_json, failure, announced)
        SELECT asset, number, state, created_ms, source_blob, state <> 'failed', width, height, presets_json, failure,
          announced
        FROM versions ORDER BY asset, number;

        DROP TABLE versions;
        ALTER TABLE new_versions RENAME TO versions;
        CREATE INDEX versions_source ON versions(source_blob);
        CREATE INDEX versions_processing ON versions(created_ms) WHERE state = 'processing';

        CREATE TABLE idempotency_keys (
          tenant TEXT NOT NULL CHECK (length(tenant) BETWEEN 1 AND 64),
          key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
          asset TEXT NOT NULL,
          version INTEGER NOT NULL,
          target TEXT NOT NULL CHECK (target <> ''),
          sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
          bytes INTEGER NOT NULL CHECK (bytes >= 0),
          created_ms INTEGER NOT NULL,
          PRIMARY KEY (tenant, key),
          FOREIGN KEY (asset, version) REFERENCES versions(asset, number)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX idempotency_keys_version ON idempotency_keys(asset, version);
        CREATE INDEX idempotency_keys_created ON idempotency_keys(created_ms);

        CREATE TABLE usage (
          tenant TEXT NOT NULL PRIMARY KEY CHECK (length(tenant) BETWEEN 1 AND 64),
          files INTEGER NOT NULL,
          blobs INTEGER NOT NULL,
          bytes INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        INSERT INTO usage (tenant, files, blobs, bytes)
        SELECT tenant, 0, count(*), sum(sealed_bytes) FROM blobs WHERE removed = 0 GROUP BY tenant;

        INSERT INTO usage (tenant, files, blobs, bytes)
        SELECT a.tenant, count(*), 0, 0 FROM versions v JOIN assets a ON a.id = v.asset GROUP BY a.tenant
        ON CONFLICT (tenant) DO UPDATE SET files = files + excluded.files;

        CREATE TRIGGER usage_blob_added AFTER INSERT ON blobs WHEN NEW.removed = 0 BEGIN
          INSERT INTO usage (tenant, files, blobs, bytes) VALUES (NEW.tenant, 0, 1, NEW.sealed_bytes)
          ON CONFLICT (tenant) DO UPDATE SET blobs = blobs + 1, bytes = bytes + excluded.bytes;
        END;

        CREATE TRIGGER usage_blob_changed AFTER UPDATE OF removed, tenant, sealed_bytes ON blobs BEGIN
          UPDATE usage SET blobs = blobs - 1, bytes = bytes - OLD.sealed_bytes
          WHERE tenant = OLD.tenant AND OLD.removed = 0;
          INSERT INTO usage (tenant, files, blobs, bytes)
          SELECT NEW.tenant, 0, 1, NEW.sealed_bytes WHERE NEW.removed = 0
          ON CONFLICT (tenant) DO UPDATE SET blobs = blobs + 1, bytes = bytes + excluded.bytes;
        END;

        CREATE TRIGGER usage_blob_deleted AFTER DELETE ON blobs WHEN OLD.removed = 0 BEGIN
          UPDATE usage SET blobs = blobs - 1, bytes = bytes - OLD.sealed_bytes WHERE tenant = OLD.tenant;
        END;

        CREATE TRIGGER usage_version_added AFTER INSERT ON versions BEGIN
          INSERT INTO usage (tenant, files, blobs, bytes)
          SELECT tenant, 1, 0, 0 FROM assets WHERE id = NEW.asset
          ON CONFLICT (tenant) DO UPDATE SET files = files + 1;
        END;

        CREATE TRIGGER usage_version_deleted AFTER DELETE ON versions BEGIN
          UPDATE usage SET files = files - 1 WHERE tenant = (SELECT tenant FROM assets WHERE id = OLD.asset);
        END;

        CREATE TABLE scrub (
          id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
          position BLOB CHECK (length(position) = 16),
          started_ms INTEGER NOT NULL,
          completed_ms INTEGER
        ) STRICT;
        """
}
