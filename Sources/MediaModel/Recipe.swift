import FoundationEssentials

/// How a picture is fitted into `width` × `height`. The names and meanings are Cloudflare Images' (FIELD.md B1).
package enum Fit: String, Sendable, Hashable, CaseIterable, Codable {
    /// Inside the box, proportions kept, never enlarged.
    case scaleDown = "scale-down"
    /// Inside the box, proportions kept, enlarged when smaller.
    case contain
    /// Fills the box exactly; what juts out is cut off around the centre; enlarged when smaller.
    case cover
    /// As `cover` for a picture larger than the box, as `scaleDown` for a smaller one: never enlarged.
    case crop
    /// As `contain`, then the rest of the box is filled with the background.
    case pad
}

/// An opaque or transparent colour in sRGB; written `rrggbb` or `rrggbbaa`.
package struct Colour: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Red, green, blue, alpha: 0 ... 255 each.
    package let components: [UInt8]

    package static let white = Colour(components: [255, 255, 255, 255])

    private init(components: [UInt8]) { self.components = components }

    package init?(_ text: some StringProtocol) {
        guard let bytes = Hex.decode(text), bytes.count == 3 || bytes.count == 4 else { return nil }
        self.components = bytes.count == 4 ? bytes : bytes + [255]
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let colour = Colour(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected rrggbb or rrggbbaa")
        }
        self = colour
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }

    /// Always `rrggbbaa`.
    package var description: String { Hex.encode(self.components) }
}

/// What to make of a picture. Two recipes are the same exactly when their canonical JSON is the same bytes.
package struct Recipe: Sendable, Hashable, Codable {
    package var fit: Fit
    /// The box, in pixels of the upright picture, 1 ... 16383; nil means: as wide (high) as the other side asks for.
    package var width: Int?
    package var height: Int?
    package var format: RenditionFormat
    /// The encoder's quality, 1 ... 100.
    package var quality: Int
    /// The encoder's effort, 0 (fast) ... 6 (small).
    package var effort: Int
    /// Every visible pixel kept exactly (colours under full transparency are not kept: nobody should find them there);
    /// quality then only trades time for size.
    package var lossless: Bool
    /// Keeps an animation's frames; otherwise the first one is taken.
    package var animated: Bool
    /// What `pad` fills with.
    package var background: Colour

    package init(
        fit: Fit = .scaleDown,
        width: Int? = nil,
        height: Int? = nil,
        format: RenditionFormat = .webp,
        quality: Int = 80,
        effort: Int = 4,
        lossless: Bool = false,
        animated: Bool = false,
        background: Colour = .white
    ) {
        self.fit = fit
        self.width = width
        self.height = height
        self.format = format
        self.quality = quality
        self.effort = effort
        self.lossless = lossless
        self.animated = animated
        self.background = background
    }

    /// The one canonical form: every field, keys in order, no white space. It is stored with the version it was used
    /// for.
    package var canonicalJSON: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A struct of strings, numbers and flags always encodes.
        guard let data = try? encoder.encode(self) else { preconditionFailure("a recipe did not encode") }
        return String(decoding: data, as: UTF8.self)
    }

    /// - Throws: `DecodingError` where the text is no recipe.
    package init(canonicalJSON text: String) throws {
        self = try JSONDecoder().decode(Recipe.self, from: Data(text.utf8))
    }
}
