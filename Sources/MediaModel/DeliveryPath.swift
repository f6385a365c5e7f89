/// Which version a delivery URL speaks of.
package enum VersionSelector: Hashable, Sendable {
    /// `v7`: these bytes for ever.
    case number(VersionNumber)
    /// `latest`: the newest version that is ready.
    case latest
}

/// The grammar of delivery URLs: `/a/{asset}/v{n}/{preset}.webp` and `/a/{asset}/latest/{preset}.webp`.
///
/// There is one canonical spelling; anything else is no delivery path, never a guess: no empty or dot segment, no
/// percent sign, no query, no upper case. A second spelling would be a second object in every CDN, and one that a purge
/// misses.
package struct DeliveryPath: Hashable, Sendable, CustomStringConvertible {
    package let asset: AssetID
    package let version: VersionSelector
    package let preset: PresetName
    package let format: RenditionFormat

    package init(asset: AssetID, version: VersionSelector, preset: PresetName, format: RenditionFormat) {
        self.asset = asset
        self.version = version
        self.preset = preset
        self.format = format
    }

    /// - Parameter path: the request target as it came over the wire, query included.
    package init?(_ path: some StringProtocol) {
        let parts = String(path).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "a", let asset = AssetID(parts[2]),
            let version = Self.selector(parts[3])
        else { return nil }
        let file = parts[4].split(separator: ".", omittingEmptySubsequences: false)
        guard file.count == 2, let preset = PresetName(file[0]),
            let format = RenditionFormat.allCases.first(where: { $0.fileExtension == file[1] })
        else { return nil }
        self.init(asset: asset, version: version, preset: preset, format: format)
    }

    private static func selector(_ text: some StringProtocol) -> VersionSelector? {
        if text == "latest" { return .latest }
        guard text.first == "v", let number = VersionNumber(text: text.dropFirst()) else { return nil }
        return .number(number)
    }

    package var description: String {
        let version =
            switch self.version {
            case .number(let number): "v\(number)"
            case .latest: "latest"
            }
        return "/a/\(self.asset)/\(version)/\(self.preset).\(self.format.fileExtension)"
    }
}
