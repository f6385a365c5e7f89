import MediaModel
package import MediaWorkers

extension Settings {
    /// Throws where a preset allows a format that the workers cannot make, with what to do about it.
    package func checkFormats(against pool: WorkerPool) throws(UnmakeableFormat) {
        let formats = pool.formats
        for preset in self.presets {
            for format in preset.recipe.formats where !formats.contains(format) {
                throw UnmakeableFormat(preset: preset.name, format: format)
            }
        }
    }
}

/// A preset allows a format that the workers on this machine cannot make.
package struct UnmakeableFormat: Error, CustomStringConvertible {
    let preset: PresetName
    let format: RenditionFormat

    package var description: String {
        "presets: '\(self.preset)' allows \(self.format.rawValue), which the workers cannot make here: libheif has no "
            + "AV1 encoder, or it does not work in the sandbox, or writes what clients are not sent (then the log says "
            + "so). Install one (on Debian libheif with libaom), or leave \(self.format.rawValue) out of the preset's "
            + "formats"
    }
}
