import FoundationEssentials
import MediaModel

/// What the headers of all blobs say, as little of it as grouping takes: some 80 bytes a blob, and 4 more a source.
///
/// A shop of three million blobs is a quarter of a gigabyte of it; whatever else a header says is read again when its
/// asset's turn comes.
struct RebuildIndex: Sendable {
    /// One blob whose header could be read. Nothing of it is proven.
    struct Entry: Sendable {
        fileprivate let assetID: Words
        fileprivate let blobID: Words
        fileprivate let originID: Words?
        private let number: UInt32
        let isSource: Bool
        /// A rendition that is no sign of its version (``RenditionName/isMadeLater``).
        let isMadeLater: Bool
        /// When the blob was published, in milliseconds since 1970.
        fileprivate let modifiedAt: Int64

        init(_ facts: SealedFacts, modifiedAt: Date) {
            self.assetID = Words(facts.identity.asset.bytes)
            self.blobID = Words(facts.id.bytes)
            self.isSource = facts.identity.variant == PresetName.reserved
            self.isMadeLater = RenditionName(facts.identity.variant)?.isMadeLater ?? false
            // A source that was sealed anew has the id that it had at first in its header, as its renditions have.
            let origin = self.isSource ? facts.source ?? facts.id : facts.source
            self.originID = origin.map { Words($0.bytes) }
            self.number = UInt32(facts.identity.version.value)
            self.modifiedAt = Int64(modifiedAt.timeIntervalSince1970 * 1000)
        }

        var blob: BlobID { BlobID(bytes: self.blobID.bytes) }
        var ref: VersionRef {
            VersionRef(asset: AssetID(bytes: self.assetID.bytes), number: VersionNumber(Int(self.number)))
        }
        /// The first id of the source: its own, or that of the picture that a rendition was made of. Nil for renditions
        /// from before this was written down.
        var origin: BlobID? { self.originID.map { BlobID(bytes: $0.bytes) } }

        /// Of two blobs of one identity the younger first: it took the other's place (mended, sealed anew), or the
        /// other was published by an attempt that was cut off before its commit.
        fileprivate static func inOrder(_ left: Entry, _ right: Entry) -> Bool {
            (left.assetID, left.number, right.modifiedAt, left.blobID)
                < (right.assetID, right.number, left.modifiedAt, right.blobID)
        }

        fileprivate func isVersion(of other: Entry) -> Bool {
            self.assetID == other.assetID && self.number == other.number
        }
    }

    /// By asset, then by version, then the youngest first.
    private let entries: [Entry]
    /// Where in `entries` sources are, by their first ids, the youngest first.
    private let sources: [Int32]
    /// First ids of sources that renditions of another version than their own name; those that were made later aside.
    private let shared: Set<Words>

    init(_ entries: [Entry]) {
        let entries = entries.sorted(by: Entry.inOrder)
        self.entries = entries
        self.sources = entries.indices.filter { entries[$0].isSource }.map(Int32.init).sorted {
            let (left, right) = (entries[Int($0)], entries[Int($1)])
            return (left.originID ?? .zero, right.modifiedAt, $0) < (right.originID ?? .zero, left.modifiedAt, $1)
        }
        self.shared = Self.shared(in: entries)
    }

    /// The blobs of one asset after the other.
    var assets: RebuildGroups { RebuildGroups(self.entries[...]) { $0.assetID == $1.assetID } }

    /// The blobs of one version after the other.
    static func versions(of asset: ArraySlice<Entry>) -> RebuildGroups { RebuildGroups(asset) { $0.isVersion(of: $1) } }

    /// The blobs that hold a source, the youngest first. More than one only where something was cut off.
    func sources(_ origin: BlobID) -> [Entry] {
        let wanted = Words(origin.bytes)
        var low = 0
        var high = self.sources.count
        while low < high {
            let middle = (low + high) / 2
            if self.origin(middle) < wanted { low = middle + 1 } else { high = middle }
        }
        return self.sources[low...].prefix { self.entries[Int($0)].originID == wanted }.map { self.entries[Int($0)] }
    }

    /// Whether another version than its own is made of a source.
    func isShared(_ origin: BlobID) -> Bool { self.shared.contains(Words(origin.bytes)) }

    private func origin(_ index: Int) -> Words { self.entries[Int(self.sources[index])].originID ?? .zero }

    private static func shared(in entries: [Entry]) -> Set<Words> {
        var shared: Set<Words> = []
        for version in Self.versions(of: entries[...]) {
            let own = version.filter(\.isSource).compactMap(\.originID)
            let others = version.filter { !$0.isSource && !$0.isMadeLater }.compactMap(\.originID)
            shared.formUnion(others.filter { !own.contains($0) })
        }
        return shared
    }
}

/// An id of 16 bytes without the allocation that an array is.
private struct Words: Hashable, Comparable, Sendable {
    static let zero = Words([UInt8](repeating: 0, count: 16))

    let high: UInt64
    let low: UInt64

    /// - Parameter bytes: 16 of them.
    init(_ bytes: [UInt8]) {
        self.high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        self.low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    var bytes: [UInt8] {
        [self.high, self.low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    }

    static func < (left: Words, right: Words) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

/// Neighbours that belong together, one group after the other.
struct RebuildGroups: Sequence, IteratorProtocol {
    private var rest: ArraySlice<RebuildIndex.Entry>
    private let belong: (RebuildIndex.Entry, RebuildIndex.Entry) -> Bool

    fileprivate init(
        _ entries: ArraySlice<RebuildIndex.Entry>,
        by belong: @escaping (RebuildIndex.Entry, RebuildIndex.Entry) -> Bool
    ) {
        self.rest = entries
        self.belong = belong
    }

    mutating func next() -> ArraySlice<RebuildIndex.Entry>? {
        guard let first = self.rest.first else { return nil }
        let group = self.rest.prefix { self.belong(first, $0) }
        self.rest = self.rest.dropFirst(group.count)
        return group
    }
}
