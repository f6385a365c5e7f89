import FoundationEssentials
import GRDB
import MediaModel

extension Schema {
    /// Which catalog it is (`CatalogID`): one row, written when the catalog is made, or comes from an earlier schema.
    private static let fourth = """
        CREATE TABLE identity (
          id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
          catalog BLOB NOT NULL CHECK (length(catalog) = 16)
        ) STRICT;
        """

    static func migrateToFourth(_ database: Database) throws {
        try database.execute(sql: Self.fourth)
        try database.execute(
            sql: "INSERT INTO identity (id, catalog) VALUES (1, :catalog)",
            arguments: ["catalog": Data(CatalogID.make().bytes)]
        )
    }
}
