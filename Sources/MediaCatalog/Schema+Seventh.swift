extension Schema {
    /// Renditions that were made after the upload, at their first request: a preset in another format than the one that
    /// is made of every picture, or a recipe without a name. A table of their own: what a version became ready with is
    /// read, checked and counted as it was, and a catalog of millions of renditions need not be built anew.
    ///
    /// `name` is the last part of the URL, and the variant in the blob's header: `thumbnail.jpg`, `w=640,h=480.webp`.
    /// The index is for the foreign key.
    static let seventh = """
        CREATE TABLE further_renditions (
          asset TEXT NOT NULL,
          version INTEGER NOT NULL,
          name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
          recipe_json TEXT NOT NULL,
          width INTEGER NOT NULL CHECK (width > 0),
          height INTEGER NOT NULL CHECK (height > 0),
          blob BLOB NOT NULL REFERENCES blobs(id),
          PRIMARY KEY (asset, version, name),
          FOREIGN KEY (asset, version) REFERENCES versions(asset, number)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX further_renditions_blob ON further_renditions(blob);
        """
}
