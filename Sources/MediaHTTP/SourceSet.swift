import MediaModel

/// `srcset` of HTML (https://html.spec.whatwg.org/multipage/images.html#srcset-attributes), ready to paste: the
/// renditions of a version that show the same, each with its width.
///
/// The same is: all of the picture, in its proportions; all of them moving or none. A browser takes whichever it likes,
/// so nothing else may be among them. A format is left out where negotiation would not choose it either (`Deliver`):
/// AVIF of what moves, or is to be exact.
enum SourceSet {
    /// - Returns: by media type; nil where there is nothing to choose from: a version that is not ready, or presets
    ///   that all cut.
    static func texts(of version: AssetVersion, baseURL: String) -> [String: String]? {
        let whole = version.renditions.filter { [.scaleDown, .contain].contains($0.preset.recipe.fit) }
        let sets = RenditionFormat.allCases.compactMap { format -> (String, String)? in
            let candidates = Self.candidates(whole, as: format, of: version)
            guard !candidates.isEmpty else { return nil }
            let texts = candidates.map { rendition in
                let path = DeliveryPath(
                    asset: version.ref.asset,
                    version: .number(version.ref.number),
                    preset: rendition.preset.name,
                    format: format
                )
                return "\(baseURL)\(path) \(rendition.size.width)w"
            }
            return (format.mediaType, texts.joined(separator: ", "))
        }
        return sets.isEmpty ? nil : Dictionary(uniqueKeysWithValues: sets)
    }

    /// In the order of their widths, each width once: two of the same would be two names for one thing.
    private static func candidates(
        _ renditions: [Rendition],
        as format: RenditionFormat,
        of version: AssetVersion
    ) -> [Rendition] {
        let moving = renditions.filter { version.mayMove && $0.preset.recipe.animated }
        // Where some move, what stands still is another picture. As JPEG none does, for those who show nothing else.
        let alike = moving.isEmpty || format == .jpeg ? renditions : format.isAnimated ? moving : []
        let possible = alike.filter { rendition in
            let recipe = rendition.preset.recipe
            return recipe.formats.contains(format) && rendition.size.width * rendition.size.height <= format.pixelsMax
                && (!recipe.isLossless || format != .avif)
        }
        let sorted = possible.sorted { ($0.size.width, $0.blob.bytes) < ($1.size.width, $1.blob.bytes) }
        return sorted.reduce(into: []) { if $0.last?.size.width != $1.size.width { $0.append($1) } }
    }
}
