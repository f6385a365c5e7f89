/// The short form of a recipe that settings, the command line and signed URLs use: `w=640,h=480,fit=cover,q=75`.
///
/// | key | value |
/// |---|---|
/// | `w`, `h` | 1 ... 16383 pixels; at least one of them |
/// | `fit` | `scale-down` (default), `contain`, `cover`, `crop`, `pad`; the last three need both sides |
/// | `q` | quality 1 ... 100 (80) |
/// | `effort` | 0 ... 6 (4) |
/// | `lossless`, `anim` | `1` or `0` (0) |
/// | `bg` | `rrggbb` or `rrggbbaa` (white); only with `pad` |
/// | `format` | `webp` |
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
        case "lossless": recipe.lossless = try Self.number(key, value, 0...1) == 1
        case "anim": recipe.animated = try Self.number(key, value, 0...1) == 1
        case "bg": recipe.background = try Self.oneOf(key, value, Colour(value), ["rrggbb", "rrggbbaa"])
        case "format":
            let names = RenditionFormat.allCases.map(\.rawValue)
            recipe.format = try Self.oneOf(key, value, RenditionFormat(rawValue: value), names)
        default:
            let known = "w, h, fit, q, effort, lossless, anim, bg, format"
            throw Invalid(description: "'\(key)' is no option; there are \(known)")
        }
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
        if given.contains("bg"), recipe.fit != .pad { throw Invalid(description: "bg goes with fit=pad only") }
    }
}
