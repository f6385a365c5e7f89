/// The short form of a recipe that settings, the command line and signed URLs use: `w=640,h=480,fit=cover,q=75`.
///
/// | key | value |
/// |---|---|
/// | `w`, `h` | 1 ... 16383 pixels; at least one of them |
/// | `fit` | `scale-down` (default), `contain`, `cover`, `crop`, `pad`; the last three need both sides |
/// | `q` | quality 1 ... 100 (80) |
/// | `ssim`, `bytes` | in place of `q`, one of them: `0.5` ... `0.999` with at most four digits; 100 ... 99999999 |
/// | `effort` | 0 ... 6 (4) |
/// | `lossless` | WebP only: `1` always, `0` never, otherwise where it takes no more bytes |
/// | `anim` | `1` or `0` (0); WebP only |
/// | `bg` | `rrggbb` or `rrggbbaa` (white); only with `pad` |
/// | `gravity` | `centre` (default), `focus`, `attention`: what is kept; only with `cover` and `crop` |
/// | `profile` | `srgb` (default), `keep`: what becomes of wide gamuts |
/// | `format` | what is made at the upload: `webp` |
/// | `formats` | what clients may have, `webp` among it: `avif+webp+jpeg`, `webp` … (`webp+jpeg`) |
package enum RecipeOptions {
    /// What is wrong with a recipe's text, and what was expected.
    package struct Invalid: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    package static func parse(_ text: some StringProtocol) throws -> Recipe {
        var recipe = Recipe()
        var seen: Set<String> = []
        for pair in String(text).split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw Invalid(description: "'\(pair)' is not of the form key=value") }
            guard seen.insert(parts[0]).inserted else { throw Invalid(description: "'\(parts[0])' is given twice") }
            try Self.set(parts[0], to: parts[1], in: &recipe)
        }
        try Self.check(recipe, given: seen)
        return recipe
    }

    private static func set(_ key: String, to value: String, in recipe: inout Recipe) throws {
        switch key {
        case "w": recipe.width = try Self.number(key, value, 1...recipe.format.sideMax)
        case "h": recipe.height = try Self.number(key, value, 1...recipe.format.sideMax)
        case "fit": recipe.fit = try Self.oneOf(key, value, Fit(rawValue: value), Fit.allCases.map(\.rawValue))
        case "q": recipe.quality = try Self.number(key, value, 1...100)
        case "effort": recipe.effort = try Self.number(key, value, 0...6)
        case "ssim": recipe.target = try Self.oneOf(key, value, QualityTarget(ssim: value), ["0.5 to 0.999"])
        case "bytes":
            let range = "\(QualityTarget.bytesRange.lowerBound) to \(QualityTarget.bytesRange.upperBound)"
            recipe.target = try Self.oneOf(key, value, QualityTarget(bytes: value), [range])
        case "lossless":
            recipe.lossless = try Self.number(key, value, 0...1) == 1
            recipe.mayBeLossless = recipe.lossless
        case "anim": recipe.animated = try Self.number(key, value, 0...1) == 1
        case "bg": recipe.background = try Self.oneOf(key, value, Colour(value), ["rrggbb", "rrggbbaa"])
        case "gravity":
            recipe.gravity = try Self.oneOf(key, value, Gravity(rawValue: value), Gravity.allCases.map(\.rawValue))
        case "profile":
            recipe.profile = try Self.oneOf(
                key,
                value,
                ProfileUse(rawValue: value),
                ProfileUse.allCases.map(\.rawValue)
            )
        case "format":
            let webp = RenditionFormat.webp
            recipe.format = try Self.oneOf(key, value, value == webp.rawValue ? webp : nil, [webp.rawValue])
        case "formats": recipe.formats = try Self.formats(key, value)
        default:
            let known = "w, h, fit, q, ssim, bytes, effort, lossless, anim, bg, gravity, profile, format, formats"
            throw Invalid(description: "'\(key)' is no option; there are \(known)")
        }
    }

    /// In whatever order they are given, each once.
    private static func formats(_ key: String, _ value: String) throws -> [RenditionFormat] {
        let named = value.split(separator: "+", omittingEmptySubsequences: false).map {
            RenditionFormat(rawValue: String($0))
        }
        let formats = RenditionFormat.allCases.filter { named.contains($0) }
        guard formats.count == named.count, formats.contains(.webp) else {
            let names = RenditionFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw Invalid(
                description: "'\(key)=\(value)': expected webp and any of \(names), each once, with + between them"
            )
        }
        return formats
    }

    private static func number(_ key: String, _ value: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(value), String(number) == value, range.contains(number) else {
            let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw Invalid(description: "'\(key)=\(value)': expected \(expected)")
        }
        return number
    }

    private static func oneOf<Value>(_ key: String, _ value: String, _ found: Value?, _ names: [String]) throws -> Value
    {
        guard let found else {
            throw Invalid(description: "'\(key)=\(value)': expected \(names.joined(separator: ", "))")
        }
        return found
    }

    private static func check(_ recipe: Recipe, given: Set<String>) throws {
        guard recipe.width != nil || recipe.height != nil else {
            throw Invalid(description: "neither w nor h is given")
        }
        if [.cover, .crop, .pad].contains(recipe.fit), recipe.width == nil || recipe.height == nil {
            throw Invalid(description: "fit=\(recipe.fit.rawValue) needs both w and h")
        }
        let qualities = ["q", "ssim", "bytes"].filter { given.contains($0) }
        if qualities.count > 1 {
            throw Invalid(description: "\(qualities.joined(separator: " and ")) exclude each other")
        }
        if let target = recipe.target, recipe.lossless {
            throw Invalid(description: "\(target) and lossless=1 exclude each other")
        }
        if given.contains("gravity"), recipe.fit != .cover, recipe.fit != .crop {
            throw Invalid(description: "gravity goes with fit=cover and fit=crop only: nothing else is cut")
        }
        if given.contains("bg"), recipe.fit != .pad { throw Invalid(description: "bg goes with fit=pad only") }
    }

    /// The one spelling of a recipe: keys in the order of the table, defaults left out. What parses to the same.
    package static func text(of recipe: Recipe) -> String {
        let plain = Recipe()
        var options: [String] = []
        if let width = recipe.width { options.append("w=\(width)") }
        if let height = recipe.height { options.append("h=\(height)") }
        if recipe.fit != plain.fit { options.append("fit=\(recipe.fit.rawValue)") }
        if recipe.quality != plain.quality { options.append("q=\(recipe.quality)") }
        if let target = recipe.target { options.append("\(target)") }
        if recipe.effort != plain.effort { options.append("effort=\(recipe.effort)") }
        if recipe.lossless {
            options.append("lossless=1")
        } else if !recipe.mayBeLossless {
            options.append("lossless=0")
        }
        if recipe.animated { options.append("anim=1") }
        if recipe.background != plain.background { options.append("bg=\(recipe.background)") }
        if recipe.gravity != plain.gravity { options.append("gravity=\(recipe.gravity.rawValue)") }
        if recipe.profile != plain.profile { options.append("profile=\(recipe.profile.rawValue)") }
        if recipe.formats != plain.formats {
            options.append("formats=\(recipe.formats.map(\.rawValue).joined(separator: "+"))")
        }
        return options.joined(separator: ",")
    }
}
