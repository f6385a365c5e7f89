import MediaModel

/// A preset as `name:options`, with the options that are not defaults.
enum PresetText {
    static func format(_ preset: Preset) -> String {
        let recipe = preset.recipe
        let plain = Recipe()
        var options: [String] = []
        if let width = recipe.width { options.append("w=\(width)") }
        if let height = recipe.height { options.append("h=\(height)") }
        if recipe.fit != plain.fit { options.append("fit=\(recipe.fit.rawValue)") }
        if recipe.quality != plain.quality { options.append("q=\(recipe.quality)") }
        if recipe.effort != plain.effort { options.append("effort=\(recipe.effort)") }
        if recipe.lossless { options.append("lossless=1") }
        if recipe.animated { options.append("anim=1") }
        if recipe.background != plain.background { options.append("bg=\(recipe.background)") }
        if recipe.format != plain.format { options.append("format=\(recipe.format.rawValue)") }
        return "\(preset.name):\(options.joined(separator: ","))"
    }
}
