/// What a rendition is called: the last part of its URL, and the variant in its blob's header: `thumbnail.webp`,
/// `w=640,h=480,fit=cover.webp`.
package struct RenditionName: Hashable, Sendable, CustomStringConvertible {
    package let preset: PresetName
    package let format: RenditionFormat

    package init(_ preset: PresetName, _ format: RenditionFormat) {
        self.preset = preset
        self.format = format
    }

    /// The name of what a preset's own recipe makes.
    package init(_ preset: Preset) { self.init(preset.name, preset.recipe.format) }

    /// Takes the one spelling there is.
    package init?(_ text: some StringProtocol) {
        guard let dot = text.lastIndex(of: "."),
            let preset = PresetName(text[..<dot]) ?? PresetName(oneOff: text[..<dot]),
            let format = RenditionFormat.allCases.first(where: { $0.fileExtension == text[text.index(after: dot)...] })
        else { return nil }
        self.init(preset, format)
    }

    /// Whether it is made at its first request and not with its version, which becomes ready with its presets as WebP.
    package var isMadeLater: Bool { self.format != .webp || self.preset.isOneOff }

    package var description: String { "\(self.preset).\(self.format.fileExtension)" }
}
