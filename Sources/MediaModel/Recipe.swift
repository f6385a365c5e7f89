import FoundationEssentials

/// How a picture is fitted into `width` × `height`. The names and meanings are Cloudflare Images' (FIELD.md B1).
package enum Fit: String, Sendable, Hashable, CaseIterable, Codable {
    /// Inside the box, proportions kept, never enlarged.
    case scaleDown = "scale-down"
    /// Inside the box, proportions kept, enlarged when smaller.
    case contain
    /// Fills the box exactly; what juts out is cut off (``Recipe/gravity`` says where); enlarged when smaller.
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

    /// An opaque colour.
    package init(red: UInt8, green: UInt8, blue: UInt8) { self.init(components: [red, green, blue, 255]) }

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

    /// `#rrggbb`, as style sheets have it; without the alpha.
    package var css: String { "#\(Hex.encode(self.components.prefix(3)))" }
}

/// What to make of a picture. Two recipes are the same exactly when their canonical JSON is the same bytes.
package struct Recipe: Sendable, Hashable, Codable {
    package var fit: Fit
    /// The box, in pixels of the upright picture, 1 ... 16383; nil means: as wide (high) as the other side asks for.
    package var width: Int?
    package var height: Int?
    package var format: RenditionFormat
    /// The formats in which clients may have it, in the order of ``RenditionFormat/allCases``; ``format`` is one of
    /// them.
    package var formats: [RenditionFormat]
    /// The quality, 1 ... 100, on the scale of WebP's and JPEG's encoders.
    package var quality: Int
    /// The encoder's effort, 0 (fast) ... 6 (small). JPEG's has none.
    package var effort: Int
    /// WebP only: every visible pixel kept exactly (colours under full transparency are not kept: nobody should find
    /// them there); quality then only trades time for size.
    package var lossless: Bool
    /// Keeps an animation's frames where the format can move; otherwise the first one is taken.
    package var animated: Bool
    /// What `pad` fills with, and what shows through where the format has no transparency.
    package var background: Colour
    /// What is kept where something is cut off.
    package var gravity: Gravity
    package var profile: ProfileUse

    /// In place of ``quality``: what is searched for. Never together with ``lossless``.
    package var target: QualityTarget?
    /// Whether flat art (drawings, screenshots) may be kept exactly, where that takes no more bytes: `StillEncoder`.
    package var mayBeLossless: Bool

    /// What is made at the upload, and what clients get that show nothing else.
    package static let formatsDefault: [RenditionFormat] = [.webp, .jpeg]

    package init(
        fit: Fit = .scaleDown,
        width: Int? = nil,
        height: Int? = nil,
        format: RenditionFormat = .webp,
        formats: [RenditionFormat] = Recipe.formatsDefault,
        quality: Int = 80,
        effort: Int = Effort.usual,
        lossless: Bool = false,
        animated: Bool = false,
        background: Colour = .white,
        target: QualityTarget? = nil,
        mayBeLossless: Bool = true,
        gravity: Gravity = .centre,
        profile: ProfileUse = .srgb
    ) {
        self.fit = fit
        self.width = width
        self.height = height
        self.format = format
        self.formats = formats
        self.quality = quality
        self.effort = effort
        self.lossless = lossless
        self.animated = animated
        self.background = background
        self.target = target
        self.mayBeLossless = mayBeLossless
        self.gravity = gravity
        self.profile = profile
    }

    /// Whether every visible pixel is kept: as asked for, and as the format can.
    package var isLossless: Bool { self.lossless && self.format == .webp }

    /// The same picture in another format.
    package func made(as format: RenditionFormat) -> Recipe {
        var recipe = self
        recipe.format = format
        return recipe
    }

    /// The one canonical form: every field, keys in order, no white space; `formats`, `target`, `mayBeLossless`,
    /// `gravity` and `profile` only where they are others than by default, which is how recipes were before there was a
    /// choice. It is stored with the version it was used for.
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

extension Recipe {
    private enum CodingKeys: String, CodingKey {
        case fit, width, height, format, formats, quality, effort, lossless, animated, background
        case target, mayBeLossless
        case gravity, profile
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            fit: try values.decode(Fit.self, forKey: .fit),
            width: try values.decodeIfPresent(Int.self, forKey: .width),
            height: try values.decodeIfPresent(Int.self, forKey: .height),
            format: try values.decode(RenditionFormat.self, forKey: .format),
            formats: try values.decodeIfPresent([RenditionFormat].self, forKey: .formats) ?? Self.formatsDefault,
            quality: try values.decode(Int.self, forKey: .quality),
            effort: try values.decode(Int.self, forKey: .effort),
            lossless: try values.decode(Bool.self, forKey: .lossless),
            animated: try values.decode(Bool.self, forKey: .animated),
            background: try values.decode(Colour.self, forKey: .background),
            target: try values.decodeIfPresent(QualityTarget.self, forKey: .target),
            mayBeLossless: try values.decodeIfPresent(Bool.self, forKey: .mayBeLossless) ?? true,
            gravity: try values.decodeIfPresent(Gravity.self, forKey: .gravity) ?? .centre,
            profile: try values.decodeIfPresent(ProfileUse.self, forKey: .profile) ?? .srgb
        )
        guard !self.formats.isEmpty else {
            throw DecodingError.dataCorruptedError(forKey: .formats, in: values, debugDescription: "no format at all")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(self.fit, forKey: .fit)
        try values.encodeIfPresent(self.width, forKey: .width)
        try values.encodeIfPresent(self.height, forKey: .height)
        try values.encode(self.format, forKey: .format)
        if self.formats != Self.formatsDefault { try values.encode(self.formats, forKey: .formats) }
        try values.encode(self.quality, forKey: .quality)
        try values.encode(self.effort, forKey: .effort)
        try values.encode(self.lossless, forKey: .lossless)
        try values.encode(self.animated, forKey: .animated)
        try values.encode(self.background, forKey: .background)
        try values.encodeIfPresent(self.target, forKey: .target)
        if !self.mayBeLossless { try values.encode(false, forKey: .mayBeLossless) }
        if self.gravity != .centre { try values.encode(self.gravity, forKey: .gravity) }
        if self.profile != .srgb { try values.encode(self.profile, forKey: .profile) }
    }
}
