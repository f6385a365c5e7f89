import FoundationEssentials
import GRDB
import MediaModel

// What a version's row has of what came with the ninth schema.

extension Rows {
    static func focus(_ source: Row, row: String) throws(CatalogError) -> FocalPoint? {
        guard let text = try Self.optional("focus", as: String.self, of: source, row: row) else { return nil }
        guard let focus = FocalPoint(text) else { throw Self.corrupt(row, "focus is no point") }
        return focus
    }

    /// All of it or nothing: a row with a part of it is corrupt.
    static func impression(_ source: Row, row: String) throws(CatalogError) -> Impression? {
        guard let bytes = try Self.optional("thumbhash", as: Data.self, of: source, row: row) else { return nil }
        guard let thumbHash = ThumbHash(bytes: [UInt8](bytes)) else {
            throw Self.corrupt(row, "thumbhash is no ThumbHash")
        }
        guard let colour = Colour(try Self.value("colour", as: String.self, of: source, row: row)) else {
            throw Self.corrupt(row, "colour is none")
        }
        guard let attention = FocalPoint(try Self.value("attention", as: String.self, of: source, row: row)) else {
            throw Self.corrupt(row, "attention is no point")
        }
        let frames = try Self.value("frames", as: Int.self, of: source, row: row)
        return Impression(thumbHash: thumbHash, colour: colour, attention: attention, frames: frames)
    }

    static func arguments(_ impression: Impression?) -> StatementArguments {
        [
            "thumbhash": impression.map { Data($0.thumbHash.bytes) }, "colour": impression?.colour.description,
            "attention": impression?.attention.description, "frames": impression?.frames,
        ]
    }

    /// What a version becomes ready with, beside its renditions.
    static func arguments(_ size: PictureSize, _ impression: Impression?) -> StatementArguments {
        ["width": size.width, "height": size.height] &+ Self.arguments(impression)
    }
}
