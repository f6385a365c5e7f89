/// Which version a delivery URL speaks of.
package enum VersionSelector: Hashable, Sendable {
    /// `v7`: these bytes for ever.
    case number(VersionNumber)
    /// `latest`: the newest version that is ready.
    case latest
}

extension VersionSelector: CustomStringConvertible {
    /// Takes the one spelling there is, as it stands in a path.
    package init?(_ text: some StringProtocol) {
        if text == "latest" {
            self = .latest
        } else if text.first == "v", let number = VersionNumber(text: text.dropFirst()) {
            self = .number(number)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .number(let number): "v\(number)"
        case .latest: "latest"
        }
    }
}

/// The grammar of delivery URLs: `/a/{asset}/v{n}/{preset}.webp` and `/a/{asset}/latest/{preset}.webp`, the same with
/// the ending of another format, and without an ending. In place of a preset's name a version may have the options of a
/// recipe: such a path counts only with its signature.
///
/// There is one canonical spelling; anything else is no delivery path, never a guess: no empty or dot segment, no
/// percent sign, no query, no upper case. A second spelling would be a second object in every CDN, and one that a purge
/// misses.
package struct DeliveryPath: Hashable, Sendable, CustomStringConvertible {
    /// What is longer is none. The longest has some 170: 26 of the asset, 10 of the version, 120 of a recipe's options.
    package static let bytesMax = 256

    package let asset: AssetID
    package let version: VersionSelector
    package let preset: PresetName
    /// Nil: the path has no ending, and the client's `Accept` decides.
    package let format: RenditionFormat?

    package init(asset: AssetID, version: VersionSelector, preset: PresetName, format: RenditionFormat?) {
        self.asset = asset
        self.version = version
        self.preset = preset
        self.format = format
    }

    /// - Parameter path: the request target as it came over the wire, query included.
    package init?(_ path: some StringProtocol) {
        guard path.utf8.count <= Self.bytesMax else { return nil }
        let text = String(path)
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 5, omittingEmptySubsequences: false)
            .map { Substring($0) }
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "a", let asset = AssetID(parts[2]),
            let version = VersionSelector(parts[3])
        else { return nil }
        if let name = RenditionName(parts[4]) {
            // What `latest` gives changes, so nothing would be gained by keeping it.
            if name.preset.isOneOff, version == .latest { return nil }
            self.init(asset: asset, version: version, preset: name.preset, format: name.format)
        } else if let preset = PresetName(parts[4]) {
            self.init(asset: asset, version: version, preset: preset, format: nil)
        } else {
            return nil
        }
    }

    /// Whether `Accept` decides.
    package var isNegotiated: Bool { self.format == nil }

    /// The recipe that a path has in place of a preset's name; nil where it has a name.
    package var oneOff: Preset? { self.format.flatMap { Preset(oneOff: RenditionName(self.preset, $0)) } }

    /// Whether the path counts only with a signature.
    package var isSigned: Bool { self.preset.isOneOff }

    /// Whether nothing else of a request decides about the answer. Only then a table of paths may hold it.
    package var isAllThatCounts: Bool { !self.isNegotiated && !self.isSigned }

    package var description: String {
        let file = self.format.map { RenditionName(self.preset, $0).description } ?? self.preset.description
        return "/a/\(self.asset)/\(self.version)/\(file)"
    }
}
