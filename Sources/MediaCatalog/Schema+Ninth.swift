extension Schema {
    /// What pages want to know of a version beside its pixels: where the uploader says the picture matters (`focus`, a
    /// `FocalPoint`), and what it looks like (`Impression`: all four columns, or none for what became ready before).
    ///
    /// Columns that are added need no row to be written: a catalog of millions of versions is migrated at once.
    static let ninth = """
        ALTER TABLE versions ADD COLUMN focus TEXT CHECK (length(focus) BETWEEN 3 AND 13);
        ALTER TABLE versions ADD COLUMN thumbhash BLOB CHECK (length(thumbhash) BETWEEN 5 AND 25);
        ALTER TABLE versions ADD COLUMN colour TEXT CHECK (length(colour) = 8);
        ALTER TABLE versions ADD COLUMN attention TEXT CHECK (length(attention) BETWEEN 3 AND 13);
        ALTER TABLE versions ADD COLUMN frames INTEGER CHECK (frames > 0);
        """
}
