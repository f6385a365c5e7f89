import MediaModel

/// A preset as `name:options`, with the options that are not defaults.
enum PresetText {
    static func format(_ preset: Preset) -> String { "\(preset.name):\(RecipeOptions.text(of: preset.recipe))" }
}
