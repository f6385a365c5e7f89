extension Schema {
    /// What an encoder was found to need (`EncodingChoice`, as JSON), where that was not the recipe's to say; NULL for
    /// all that were made before. Added columns cost nothing: no row is written.
    static let eighth = """
        ALTER TABLE renditions ADD COLUMN choice_json TEXT CHECK (choice_json <> '');
        ALTER TABLE further_renditions ADD COLUMN choice_json TEXT CHECK (choice_json <> '');
        """
}
