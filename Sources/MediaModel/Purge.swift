package import FoundationEssentials

/// The name of something that is told of purges: a CDN, a Varnish, a webhook. 1 to 32 characters of `[a-z0-9-]`.
package struct PurgeTargetName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let lengthMax = 32

    package let description: String

    package init?(_ text: some StringProtocol) {
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isName, (1...Self.lengthMax).contains(text.utf8.count) else { return nil }
        self.description = String(text)
    }

    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

/// Why what caches hold of an asset is not right any more.
package enum PurgeChange: String, Sendable, Hashable, CaseIterable {
    /// `latest` is another version: a newer one became ready, or an older one was chosen.
    case latest
    /// The asset was deleted: none of its URLs may be served any more.
    case deleted
    /// The deletion was taken back.
    case undeleted
    /// An operator asked for it (`mediactl purges send`).
    case requested

    /// Whether caches may serve the old once more while they fetch the new. Never after a deletion, nor what says that
    /// there is nothing.
    package var isSoft: Bool { self == .latest }

    /// Whether targets are told a second time, later: what a cache had asked for just before and got just after would
    /// stay there for a year. What is there of `latest` is not kept for so long.
    package var isToldTwice: Bool { self == .deleted || self == .requested }
}

/// One change, and one target that is to be told of it: a row of the purge outbox. It is written by the transaction
/// that makes the change, and removed when the target has said that it was told.
package struct PurgeRecord: Hashable, Sendable {
    /// What a target has said last; longer texts are cut.
    package static let errorBytesMax = 500

    /// In the order of the changes. Never used twice.
    package let id: Int64
    package let target: PurgeTargetName
    package let asset: AssetID
    package let change: PurgeChange
    /// The delivery paths concerned, as far as they can be listed; for caches that know no tags. Those of recipes
    /// without a name have no signature here (``signed(by:)``).
    package private(set) var paths: [String]
    /// When the change was made.
    package let createdAt: Date
    /// Not to be sent before.
    package let dueAt: Date
    /// How often sending it has failed, since the last success.
    package let attempts: Int
    /// When the target was told once and is to be told again (`PurgePolicy.rebound`); nil: it was not told yet.
    package let sentAt: Date?
    /// Why the last attempt failed; for logs and operators.
    package let error: String?

    package init(
        id: Int64,
        target: PurgeTargetName,
        asset: AssetID,
        change: PurgeChange,
        paths: [String],
        createdAt: Date,
        dueAt: Date,
        attempts: Int = 0,
        sentAt: Date? = nil,
        error: String? = nil
    ) {
        self.id = id
        self.target = target
        self.asset = asset
        self.change = change
        self.paths = paths
        self.createdAt = createdAt
        self.dueAt = dueAt
        self.attempts = attempts
        self.sentAt = sentAt
        self.error = error
    }

    /// The tags concerned; every delivery that may be wrong carries one of them.
    package var keys: [String] {
        switch self.change {
        case .latest: [SurrogateKey.version(.latest, of: self.asset)]
        case .deleted, .undeleted, .requested: [SurrogateKey.asset(self.asset)]
        }
    }

    /// A path with a wildcard at its end that all URLs concerned begin with.
    package var wildcard: String {
        switch self.change {
        case .latest: "/a/\(self.asset)/latest/*"
        case .deleted, .undeleted, .requested: "/a/\(self.asset)/*"
        }
    }
}

extension PurgeRecord {
    /// The same as it is to be told: the path of a recipe without a name is a URL for each key that may have signed it,
    /// and none without a signer.
    package func signed(by signer: RecipeSigner?) throws -> PurgeRecord {
        var record = self
        record.paths = try self.paths.flatMap { text in
            guard let path = DeliveryPath(text), path.isSigned else { return [text] }
            return try signer?.signedByEach(path) ?? []
        }
        return record
    }

    /// The paths of presets as `latest` and, where numbers are given, as versions; in each format that clients may
    /// have, made or not, and without an ending. Of recipes without a name those that were made; `latest` has none.
    ///
    /// - Parameters:
    ///   - presets: each with the version that it is of.
    ///   - oneOffs: recipes without a name, likewise.
    package static func paths(
        of asset: AssetID,
        _ presets: [(number: VersionNumber, preset: PresetName, formats: [RenditionFormat])],
        oneOffs: [(number: VersionNumber, name: RenditionName)],
        for change: PurgeChange
    ) -> [String] {
        var paths: Set<String> = []
        for (number, name) in oneOffs where change != .latest {
            let version = VersionSelector.number(number)
            let path = DeliveryPath(asset: asset, version: version, preset: name.preset, format: name.format)
            paths.insert(path.description)
        }
        for (number, preset, formats) in presets {
            let selectors: [VersionSelector] = change == .latest ? [.latest] : [.latest, .number(number)]
            for version in selectors {
                for format in formats.map(Optional.some) + [nil] {
                    let path = DeliveryPath(asset: asset, version: version, preset: preset, format: format)
                    paths.insert(path.description)
                }
            }
        }
        return paths.sorted()
    }
}

/// What became of an attempt to send a purge; what the catalog notes.
package enum PurgeSettlement: Hashable, Sendable {
    /// The target was told: the record is done.
    case done(Int64)
    /// The target was told, and is to be told once more.
    case again(Int64, sentAt: Date, dueAt: Date)
    /// The target was not told.
    case failed(Int64, error: String, dueAt: Date)
}

/// What waits for one target.
package struct PurgeLag: Hashable, Sendable {
    package static let none = PurgeLag(pending: 0, oldest: nil)

    /// Records that the target was not told of yet.
    package let pending: Int
    /// When the change of the oldest of them was made.
    package let oldest: Date?

    package init(pending: Int, oldest: Date?) {
        self.pending = pending
        self.oldest = oldest
    }
}
