extension Schema {
    /// Sources that have cost codec processes (`PoisonRecord`), by the digest of their bytes and nothing else: such a
    /// source is mostly not stored at all, and is the same whoever sends it. The indexes give the
    /// order of the list, and that in which records are forgotten.
    static let fifth = """
        CREATE TABLE poisoned (
          sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
          strikes INTEGER NOT NULL CHECK (strikes >= 1),
          first_ms INTEGER NOT NULL,
          last_ms INTEGER NOT NULL,
          reason TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 64)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX poisoned_last ON poisoned(last_ms);
        CREATE INDEX poisoned_worst ON poisoned(strikes, last_ms);
        """
}
