import ArgumentParser
import MediaModel
import MediaRuntime

/// What is made of each picture: presets by their names, and recipes that were given on the command line.
enum ConvertRecipes {
    /// Nothing named: all that are configured. Presets come in the order of the configuration, then recipes in their
    /// own.
    ///
    /// - Throws: `CommandExit.usage`, after it has said what is wrong.
    static func chosen(_ names: [String], _ recipes: [String], of settings: Settings) throws -> [Preset] {
        let known = settings.presets.map(\.name.description)
        if let unknown = names.first(where: { !known.contains($0) }) {
            throw Self.complaint(
                "there is no preset '\(Printable.text(unknown))': expected \(known.joined(separator: ", ")), "
                    + "or add it with --presets or --config"
            )
        }
        let presets =
            names.isEmpty && recipes.isEmpty
            ? settings.presets : settings.presets.filter { names.contains($0.name.description) }
        let chosen = presets + (try recipes.map(Self.parse))
        try Self.checkLabels(chosen)
        return chosen
    }

    /// `thumbnail` of `a` is `a.thumbnail.webp`.
    static func fileName(_ stem: String, _ preset: Preset) -> String {
        "\(stem).\(preset.name).\(preset.recipe.format.fileExtension)"
    }

    /// `w=640,q=75`, which is called by its options, or `card:w=640,q=75`.
    private static func parse(_ text: String) throws -> Preset {
        do {
            if text.contains(":") { return try Preset(text: text) }
            let recipe = try RecipeOptions.parse(text)
            return Preset(name: PresetName(oneOff: recipe), recipe: recipe)
        } catch {
            throw Self.complaint(
                "--recipe '\(Printable.text(text))': \(Printable.text("\(error)")). A recipe is 'w=640,q=75', or "
                    + "'NAME:w=640,q=75'"
            )
        }
    }

    /// Two files' outputs have different names then, whatever the files are called: with `a` and `b.a`, `x.b` and `x`
    /// would both become `x.b.a`.
    private static func checkLabels(_ presets: [Preset]) throws {
        for (index, preset) in presets.enumerated() {
            for other in presets[(index + 1)...] {
                let (one, two) = (preset.name.description, other.name.description)
                guard one == two || one.hasSuffix(".\(two)") || two.hasSuffix(".\(one)") else { continue }
                throw Self.complaint("'\(one)' and '\(two)' would have files of one name; give one of them another")
            }
        }
    }

    private static func complaint(_ text: String) -> ExitCode {
        CommandExit.complain("mediactl: \(text)")
        return CommandExit.usage
    }
}
