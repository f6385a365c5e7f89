import FoundationEssentials
import GRDB
import MediaModel

/// Rows to records and back. Every value is checked on the way in: what is not what it should be is `.corrupt`, with
/// the table and the key of the row in the error's detail.
enum Rows {
    /// - Parameter row: names the row in errors, for example `versions 01jd…/v3`.
    static func value<Value: DatabaseValueConvertible>(
        _ column: String,
        as type: Value.Type,
        of source: Row,
        row: String
    ) throws(CatalogError) -> Value {
        let stored: DatabaseValue? = source[column]
        guard let stored, let value = Value.fromDatabaseValue(stored) else {
            throw Self.corrupt(row, "\(column) is missing or of another type")
        }
        return value
    }

    /// Nil for NULL.
    static func optional<Value: DatabaseValueConvertible>(
        _ column: String,
        as type: Value.Type,
        of source: Row,
        row: String
    ) throws(CatalogError) -> Value? {
        if let stored: DatabaseValue = source[column], stored.isNull { return nil }
        return try Self.value(column, as: type, of: source, row: row)
    }

    static func version(_ source: Row, renditions: [Rendition]) throws(CatalogError) -> AssetVersion {
        let ref = try Self.ref(source)
        let row = "versions \(ref)"
        guard let state = VersionState(rawValue: try Self.value("state", as: String.self, of: source, row: row)) else {
            throw Self.corrupt(row, "state is none of processing, ready, failed")
        }
        let presets = try Self.presets(Self.value("presets_json", as: String.self, of: source, row: row), row: row)
        var ordered: [Rendition] = []
        if state == .ready {
            for preset in presets {
                guard let rendition = renditions.first(where: { $0.preset == preset }) else {
                    throw Self.corrupt(row, "it is ready without a rendition '\(preset.name)'")
                }
                ordered.append(rendition)
            }
        }
        let isSizeKnown = !((source["width"] as DatabaseValue?)?.isNull ?? true)
        let isFailed = state == .failed
        return AssetVersion(
            ref: ref,
            tenant: Tenant(name: try Self.value("tenant", as: String.self, of: source, row: row)),
            state: state,
            createdAt: try Self.date("created_ms", of: source, row: row),
            source: try Self.blob(source, row: row),
            sourceSize: isSizeKnown ? try Self.size(source, row: row) : nil,
            presets: presets,
            renditions: ordered,
            failure: isFailed ? try Self.value("failure", as: String.self, of: source, row: row) : nil,
            isAnnounced: try Self.value("announced", as: Bool.self, of: source, row: row),
            focus: try Self.focus(source, row: row),
            impression: try Self.impression(source, row: row)
        )
    }

    static func rendition(_ source: Row, of ref: VersionRef) throws(CatalogError) -> Rendition {
        let name = try Self.presetName(source, row: "renditions \(ref)")
        let row = "renditions \(ref)/\(name)"
        let json = try Self.value("recipe_json", as: String.self, of: source, row: row)
        guard let recipe = try? Recipe(canonicalJSON: json) else {
            throw Self.corrupt(row, "recipe_json does not parse")
        }
        return Rendition(
            preset: Preset(name: name, recipe: recipe),
            size: try Self.size(source, row: row),
            blob: try Self.blob(source, row: row),
            choice: try Self.choice(source, row: row)
        )
    }

    static func deliverable(_ source: Row, of asset: AssetID) throws(CatalogError) -> DeliverableRendition {
        let number = try Self.value("number", as: Int.self, of: source, row: "versions \(asset)")
        let ref = VersionRef(asset: asset, number: try Self.number(number, row: "versions \(asset)"))
        return DeliverableRendition(
            ref: ref,
            rendition: try Self.rendition(source, of: ref),
            createdAt: try Self.date("created_ms", of: source, row: "versions \(ref)")
        )
    }

    /// A row of `further_renditions`, whose preset's name is part of its name.
    static func deliverableFurther(_ source: Row, of ref: VersionRef) throws(CatalogError) -> DeliverableRendition {
        let name = try Self.renditionName(source, row: "further_renditions \(ref)")
        let row = "further_renditions \(ref)/\(name)"
        let json = try Self.value("recipe_json", as: String.self, of: source, row: row)
        guard let recipe = try? Recipe(canonicalJSON: json), recipe.format == name.format else {
            throw Self.corrupt(row, "recipe_json does not parse, or is of another format")
        }
        let rendition = Rendition(
            preset: Preset(name: name.preset, recipe: recipe),
            size: try Self.size(source, row: row),
            blob: try Self.blob(source, row: row),
            choice: try Self.choice(source, row: row)
        )
        let createdAt = try Self.date("created_ms", of: source, row: "versions \(ref)")
        return DeliverableRendition(ref: ref, rendition: rendition, createdAt: createdAt)
    }

    static func renditionName(_ source: Row, row: String) throws(CatalogError) -> RenditionName {
        let text = try Self.value("name", as: String.self, of: source, row: row)
        guard let name = RenditionName(text) else { throw Self.corrupt("\(row)/\(text)", "name is no rendition's") }
        return name
    }

    static func presetName(_ source: Row, row: String) throws(CatalogError) -> PresetName {
        let text = try Self.value("preset", as: String.self, of: source, row: row)
        guard let name = PresetName(text) else { throw Self.corrupt("\(row)/\(text)", "preset is no preset's name") }
        return name
    }

    /// The columns of `blobs` as the statements of ``CatalogSQL`` name them.
    static func blob(_ source: Row, row: String) throws(CatalogError) -> BlobRecord {
        let id = try Self.blobID(Self.value("blob_id", as: Data.self, of: source, row: row), row: row)
        let row = "blobs \(id)"
        let asset = try Self.assetID(Self.value("blob_asset", as: String.self, of: source, row: row), row: row)
        let number = try Self.number(Self.value("blob_version", as: Int.self, of: source, row: row), row: row)
        return BlobRecord(
            id: id,
            sealedAs: BlobIdentity(
                tenant: Tenant(name: try Self.value("blob_tenant", as: String.self, of: source, row: row)),
                version: VersionRef(asset: asset, number: number),
                variant: try Self.value("variant", as: String.self, of: source, row: row),
                mediaType: try Self.value("media_type", as: String.self, of: source, row: row),
                createdAt: try Self.date("blob_created_ms", of: source, row: row)
            ),
            bytes: try Self.value("bytes", as: Int.self, of: source, row: row),
            sealedBytes: try Self.value("sealed_bytes", as: Int.self, of: source, row: row),
            sha256: try Self.sha256(source, row: row),
            envelopeKey: try Self.envelopeKeyID("envelope_key", of: source, row: row),
            rewrapped: try Self.rewrapped(source, row: row)
        )
    }

    static func envelopeKeyID(_ column: String, of source: Row, row: String) throws(CatalogError) -> EnvelopeKeyID {
        guard let id = EnvelopeKeyID(try Self.value(column, as: String.self, of: source, row: row)) else {
            throw Self.corrupt(row, "\(column) is no key's id")
        }
        return id
    }

    private static func rewrapped(_ source: Row, row: String) throws(CatalogError) -> WrappedDataKey? {
        guard let bytes = try Self.optional("rewrapped", as: Data.self, of: source, row: row) else { return nil }
        guard bytes.count == WrappedDataKey.byteCount else { throw Self.corrupt(row, "rewrapped is no data key") }
        return WrappedDataKey(bytes: [UInt8](bytes))
    }

    static func sha256(_ source: Row, row: String) throws(CatalogError) -> SHA256Digest {
        let bytes = [UInt8](try Self.value("sha256", as: Data.self, of: source, row: row))
        guard bytes.count == SHA256Digest.byteCount else { throw Self.corrupt(row, "sha256 is no digest") }
        return SHA256Digest(bytes: bytes)
    }

    static func ref(_ source: Row) throws(CatalogError) -> VersionRef {
        let id = try Self.value("asset", as: String.self, of: source, row: "versions")
        let row = "versions \(id)"
        let number = try Self.number(Self.value("number", as: Int.self, of: source, row: row), row: row)
        return VersionRef(asset: try Self.assetID(id, row: row), number: number)
    }

    static func assetID(_ text: String, row: String) throws(CatalogError) -> AssetID {
        guard let id = AssetID(text) else { throw Self.corrupt(row, "its asset's id is none") }
        return id
    }

    static func blobID(_ bytes: Data, row: String) throws(CatalogError) -> BlobID {
        guard bytes.count == BlobID.byteCount else { throw Self.corrupt(row, "its blob's id is none") }
        return BlobID(bytes: [UInt8](bytes))
    }

    static func number(_ value: Int, row: String) throws(CatalogError) -> VersionNumber {
        guard (VersionNumber.first.value...VersionNumber.max.value).contains(value) else {
            throw Self.corrupt(row, "\(value) is no version's number")
        }
        return VersionNumber(value)
    }

    private static func size(_ source: Row, row: String) throws(CatalogError) -> PictureSize {
        PictureSize(
            width: try Self.value("width", as: Int.self, of: source, row: row),
            height: try Self.value("height", as: Int.self, of: source, row: row)
        )
    }

    private static func choice(_ source: Row, row: String) throws(CatalogError) -> EncodingChoice? {
        guard let json = try Self.optional("choice_json", as: String.self, of: source, row: row) else { return nil }
        guard let choice = try? JSONDecoder().decode(EncodingChoice.self, from: Data(json.utf8)) else {
            throw Self.corrupt(row, "choice_json does not parse")
        }
        return choice
    }

    static func json(_ choice: EncodingChoice?) throws -> String? {
        guard let choice else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(choice), as: UTF8.self)
    }

    static func presets(_ json: String, row: String) throws(CatalogError) -> [Preset] {
        guard let presets = try? JSONDecoder().decode([Preset].self, from: Data(json.utf8)) else {
            throw Self.corrupt(row, "presets_json does not parse")
        }
        return presets
    }

    static func json(_ presets: [Preset]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(presets), as: UTF8.self)
    }

    /// Rounded, not cut: a stored time, read and stored again, stays what it is.
    static func milliseconds(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1000).rounded()) }

    static func date(_ column: String, of source: Row, row: String) throws(CatalogError) -> Date {
        let milliseconds = try Self.value(column, as: Int64.self, of: source, row: row)
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    static func corrupt(_ row: String, _ what: String) -> CatalogError {
        CatalogError(.corrupt, detail: "\(row): \(what)")
    }
}
