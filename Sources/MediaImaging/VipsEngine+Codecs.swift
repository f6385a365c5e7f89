import CVipsShim

extension VipsEngine {
    /// What decodes and encodes here, for the log and for telling renditions of different builds apart.
    package static var codecs: String { "libvips \(cvips_version(0)).\(cvips_version(1)).\(cvips_version(2))" }
}
