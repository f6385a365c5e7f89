/// The name of a preset: 1 to 32 characters of `[a-z0-9_-]`, the first a letter or a digit. It is part of URLs.
package struct PresetName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package static let lengthMax = 32
    /// What the source's own blob and URL are called; no preset may be.
    package static let reserved = "original"

    /// Bytes of a recipe's options: more than all of them at their longest come to.
    private static let optionsBytesMax = 120

    package let description: String

    package init?(_ text: some StringProtocol) {
        let characters = Array(text.utf8)
        let alphanumeric: (UInt8) -> Bool = {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        guard (1...Self.lengthMax).contains(characters.count), alphanumeric(characters[0]),
            characters.allSatisfy({ alphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }),
            text != Self.reserved
        else { return nil }
        self.description = String(text)
    }

    /// What a recipe without a name is called: its options in their one spelling (``RecipeOptions/text(of:)``). No
    /// configured preset is called so: `=` is in none of their names.
    package init(oneOff recipe: Recipe) { self.description = RecipeOptions.text(of: recipe) }

    /// The name of a recipe without a name, as it stands in a URL; nil for another spelling than the one there is.
    package init?(oneOff text: some StringProtocol) {
        guard text.utf8.count <= Self.optionsBytesMax, let recipe = try? RecipeOptions.parse(text),
            recipe.formats == Recipe.formatsDefault, RecipeOptions.text(of: recipe) == text
        else { return nil }
        self.description = String(text)
    }

    /// Whether it is that of a recipe without a name.
    package var isOneOff: Bool { self.description.utf8.contains(UInt8(ascii: "=")) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = PresetName(text) ?? PresetName(oneOff: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the name of a preset")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }

    package static func < (left: PresetName, right: PresetName) -> Bool { left.description < right.description }
}

/// A recipe with a name.
package struct Preset: Sendable, Hashable, Codable {
    package let name: PresetName
    package let recipe: Recipe

    package init(name: PresetName, recipe: Recipe) {
        self.name = name
        self.recipe = recipe
    }

    /// The recipe of a URL with options in place of a preset's name, in the one format that the URL has, with the
    /// effort that a waiting reader is given; nil where the name is a preset's.
    package init?(oneOff name: RenditionName) {
        guard name.preset.isOneOff, var recipe = try? RecipeOptions.parse(name.preset.description) else { return nil }
        recipe.format = name.format
        recipe.formats = [name.format]
        self.init(name: name.preset, recipe: recipe.forReader)
    }

    /// Parses `name:options`, for example `thumbnail:w=320,h=320`. See ``RecipeOptions``.
    package init(text: some StringProtocol) throws {
        let parts = String(text).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = PresetName(parts[0]) else {
            throw RecipeOptions.Invalid(
                description:
                    "'\(text)' is not of the form name:options with a name of a-z, 0-9, - and _ (not 'original')"
            )
        }
        self.init(name: name, recipe: try RecipeOptions.parse(parts[1]))
    }

    /// The presets that exist when none is configured. An animation moves in its preview and stands still in its
    /// thumbnail.
    package static let defaults: [Preset] = ["thumbnail:w=320,h=320", "preview:w=1280,h=1280,anim=1"].map {
        guard let preset = try? Preset(text: $0) else { preconditionFailure("a default preset does not parse: \($0)") }
        return preset
    }
}
