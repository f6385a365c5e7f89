import FoundationEssentials
import GRDB
import MediaModel

/// Writes the records of the purge outbox, each in the transaction of the change that causes it.
struct PurgeOutbox: Sendable {
    /// Without any, nothing is written and nothing looked up.
    let targets: [PurgeTargetName]
    /// Called after each commit that may have written a record.
    let onCommit: @Sendable () -> Void

    /// Says that a transaction which may have written records is durable.
    func ring() { if !self.targets.isEmpty { self.onCommit() } }

    /// Does a write and, where `latest` of the asset is another version after it, writes the records of that.
    func notingLatest<Value>(
        of asset: AssetID,
        at date: Date,
        in database: Database,
        _ write: () throws -> Value
    ) throws -> Value {
        guard !self.targets.isEmpty else { return try write() }
        let before = try Self.latest(of: asset, in: database)
        let value = try write()
        let after = try Self.latest(of: asset, in: database)
        guard before != after else { return value }
        // What the one had and the other has not is a URL that is gone.
        let versions: StatementArguments = ["before": before, "after": after]
        let statement = try CatalogSQL.renditionNamesOfTwo.prepared(database, asset.arguments &+ versions)
        let presets = try Self.presets(Row.fetchAll(statement), of: asset)
        let paths = PurgeRecord.paths(of: asset, presets, oneOffs: [], for: .latest)
        try self.write(.latest, of: asset, paths, at: date, in: database)
        return value
    }

    /// Writes the records of a change that concerns all versions.
    ///
    /// - Returns: how many.
    @discardableResult
    func note(_ change: PurgeChange, of asset: AssetID, at date: Date, in database: Database) throws -> Int {
        guard !self.targets.isEmpty else { return 0 }
        let presets = try Row.fetchAll(CatalogSQL.renditionNames.prepared(database, asset.arguments))
        let oneOffs = try Row.fetchAll(CatalogSQL.oneOffNames.prepared(database, asset.arguments))
        let paths = PurgeRecord.paths(
            of: asset,
            try Self.presets(presets, of: asset),
            oneOffs: try oneOffs.map { row in
                (try Rows.ref(row).number, try Rows.renditionName(row, row: "further_renditions \(asset)"))
            },
            for: change
        )
        try self.write(change, of: asset, paths, at: date, in: database)
        return self.targets.count
    }

    private func write(
        _ change: PurgeChange,
        of asset: AssetID,
        _ paths: [String],
        at date: Date,
        in database: Database
    ) throws {
        let record: StatementArguments = [
            "change": change.rawValue, "paths": paths.joined(separator: "\n"), "now_ms": Rows.milliseconds(date),
        ]
        for target in self.targets {
            let arguments = asset.arguments &+ record &+ ["target": target.description]
            try CatalogSQL.insertPurge.run(database, arguments)
        }
    }

    private static func latest(of asset: AssetID, in database: Database) throws -> Int? {
        try Int.fetchOne(CatalogSQL.storedLatest.prepared(database, asset.arguments))
    }

    /// What is in a version's row as JSON is the same text for all versions of a preset: each text is parsed once.
    private static func presets(
        _ rows: [Row],
        of asset: AssetID
    ) throws -> [(number: VersionNumber, preset: PresetName, formats: [RenditionFormat])] {
        var formats: [String: [RenditionFormat]] = [:]
        return try rows.map { source in
            let row = "renditions \(asset)"
            let json = try Rows.value("recipe_json", as: String.self, of: source, row: row)
            guard let known = formats[json] ?? (try? Recipe(canonicalJSON: json))?.formats else {
                throw Rows.corrupt(row, "recipe_json does not parse")
            }
            formats[json] = known
            return (try Rows.ref(source).number, try Rows.presetName(source, row: row), known)
        }
    }
}
