extension Schema {
    /// The purge outbox (`PurgeRecord`): a row a change and target, until the target has said that it was told. Ids are
    /// never used twice (`AUTOINCREMENT`): receivers tell deliveries apart by them.
    ///
    /// There is no foreign key: an erased asset's caches are told all the same. `paths` has one URL's path a line.
    ///
    /// The indexes give what is due of a target; the earlier records of an asset; how much waits, and since when (in
    /// the index alone); what is too old.
    static let sixth = """
        CREATE TABLE purges (
          id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
          target TEXT NOT NULL CHECK (length(target) BETWEEN 1 AND 32),
          asset TEXT NOT NULL CHECK (length(asset) = 26),
          change TEXT NOT NULL CHECK (change IN ('latest', 'deleted', 'undeleted', 'requested')),
          paths TEXT NOT NULL,
          created_ms INTEGER NOT NULL,
          due_ms INTEGER NOT NULL,
          attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
          sent_ms INTEGER,
          error TEXT CHECK (error <> '')
        ) STRICT;

        CREATE INDEX purges_due ON purges(target, due_ms);
        CREATE INDEX purges_asset ON purges(target, asset);
        CREATE INDEX purges_waiting ON purges(target, created_ms) WHERE sent_ms IS NULL;
        CREATE INDEX purges_created ON purges(created_ms);
        """
}
