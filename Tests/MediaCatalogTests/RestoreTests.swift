import MediaCatalog
import MediaModel
import MediaTesting
import Testing

@Suite("A catalog that is made anew", .timeLimit(.minutes(5)))
struct RestoreTests {
    private let folder: TemporaryFolder

    init() throws { self.folder = try TemporaryFolder() }

    private func empty(_ name: String) async throws -> SQLiteCatalog {
        try await SQLiteCatalog.open(path: self.folder.path(name))
    }

    @Test("says what the one before said, but for what no blob says")
    func itSaysTheSame() async throws {
        let lost = try await self.empty("lost.sqlite")
        try await lost.add(Samples.envelopeKey)
        let first = try await lost.addReady()
        let asset = first.ref.asset
        let third = try await lost.finish(
            lost.begin(
                Samples.version(Self.reserve(3, of: asset, in: lost), of: asset, source: first.source)
            )
        )
        let fourth = try await lost.addProcessing(4, of: asset)
        let other = try await lost.finish(lost.begin(Samples.version(source: first.source)))

        let made = try await self.empty("made.sqlite")
        for key in try await lost.envelopeKeys() { try await made.add(key) }
        try await made.insertRestored(asset: other.ref.asset, tenant: .default, versions: [other], last: .first)
        try await made.insertRestored(
            asset: asset,
            tenant: .default,
            versions: [fourth, first, third],
            last: VersionNumber(7)
        )
        for version in [first, third, fourth, other] {
            let found = try await made.version(version.ref)
            #expect(found == version)
        }
        let latest = try await made.latest(of: asset)
        #expect(latest == third.ref.number)
        let next = try await made.reserveVersion(of: asset)
        #expect(next == VersionNumber(8))
        let usage = try await made.usage(of: .default)
        let expected = try await lost.usage(of: .default)
        #expect(usage == expected)
        let shared = try await made.source(of: .default, sha256: first.source.sha256, bytes: first.source.bytes)
        #expect(shared == first.source)
        let findings = try await made.audit(repairs: false)
        #expect(findings.isEmpty)
        _ = try await made.finish(fourth)
    }

    @Test("takes an asset as a whole or not at all")
    func itIsAllOrNothing() async throws {
        let catalog = try await self.empty("catalog.sqlite")
        let version = Samples.version()
        let ready = Samples.ready(version, renditions: Samples.renditions(of: version))
        let restore = { () async throws -> Void in
            try await catalog.insertRestored(asset: ready.ref.asset, tenant: .default, versions: [ready], last: .first)
        }
        let keyless = await #expect(throws: CatalogError.self) { try await restore() }
        #expect(keyless?.code == .keyRetired)
        try await catalog.add(Samples.envelopeKey)
        try await restore()
        let twice = await #expect(throws: CatalogError.self) { try await restore() }
        #expect(twice?.code == .conflict)

        // A rendition's blob that is another's.
        let next = Samples.version()
        let renditions = Samples.renditions(of: next)
        let stolen = [
            renditions[0],
            Rendition(preset: renditions[1].preset, size: .init(width: 1, height: 1), blob: ready.renditions[0].blob),
        ]
        let thief = Samples.ready(next, renditions: stolen)
        let conflict = await #expect(throws: CatalogError.self) {
            try await catalog.insertRestored(asset: thief.ref.asset, tenant: .default, versions: [thief], last: .first)
        }
        #expect(conflict?.code == .conflict)
        // A source that the catalog knows as another blob.
        let changed = BlobRecord(
            id: ready.source.id,
            sealedAs: ready.source.sealedAs,
            bytes: ready.source.bytes,
            sealedBytes: ready.source.sealedBytes,
            sha256: Samples.digest(1),
            envelopeKey: ready.source.envelopeKey
        )
        let liar = Samples.version(source: changed)
        let refused = await #expect(throws: CatalogError.self) {
            try await catalog.insertRestored(asset: liar.ref.asset, tenant: .default, versions: [liar], last: .first)
        }
        #expect(refused?.code == .conflict)
        let page = try await catalog.page(after: nil, limit: 10)
        #expect(page == [ready])
        let totals = try await catalog.blobTotals()
        #expect(totals.blobs == 3)
    }

    /// Skips numbers until `number` is reserved.
    private static func reserve(_ number: Int, of asset: AssetID, in catalog: SQLiteCatalog) async throws -> Int {
        while try await catalog.reserveVersion(of: asset).value < number {}
        return number
    }
}
