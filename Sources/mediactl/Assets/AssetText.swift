import ArgumentParser
import MediaModel
import MediaRuntime

/// What names an asset and its versions on the command line.
enum AssetText {
    /// Throws a `ValidationError` for what is no id.
    static func asset(_ text: String) throws -> AssetID {
        if let asset = AssetID(text) { return asset }
        throw ValidationError(
            "'\(Printable.text(text))' is no asset's id: expected 26 characters of lowercase Crockford base32"
        )
    }

    /// Takes `0.4,0.25`. Throws a `ValidationError` for what is no point of a picture.
    static func focus(_ text: String) throws -> FocalPoint {
        if let focus = FocalPoint(text) { return focus }
        throw ValidationError(
            "'\(Printable.text(text))' is no point of a picture: expected two fractions of its sides, as 0.4,0.25"
        )
    }

    /// Takes `3` and `v3`. Throws a `ValidationError` for what is no number of a version.
    static func version(_ text: String) throws -> VersionNumber {
        let digits = text.hasPrefix("v") ? text.dropFirst() : text[...]
        if let number = VersionNumber(text: digits) { return number }
        throw ValidationError("'\(Printable.text(text))' is no number of a version: expected 1 or more, as in 3 or v3")
    }
}
