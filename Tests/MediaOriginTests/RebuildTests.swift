import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization
import Testing

@Suite("A rebuild")
struct RebuildTests {
    let old: RebuildOrigin

    init() async throws { self.old = try await RebuildOrigin() }

    @Test("gives back every asset and version, also those of shared sources, from headers alone")
    func givesEverythingBack() async throws {
        let first = try await self.old.upload(1)
        _ = try await self.old.upload(2, to: .newVersion(of: first.ref.asset))
        _ = try await self.old.upload(1)
        _ = try await self.old.revise.reprocess(first.ref.asset, respondsAsync: false)
        _ = try await self.old.upload(3, bytes: SealedLayout.chunkBytes * 2)
        let new = RebuiltCatalog()
        let rebuilt = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions == self.old.versions.map(\.asHeadersTell))
        #expect(self.old.versions.count == 5 && Set(new.versions.map(\.source.id)).count == 3)
        #expect(new.keys == self.old.mirror.records)
        #expect(new.lines.findings == [] && rebuilt.assets == 3 && rebuilt.versions == 5)
        let bytes = self.old.store.blobs.values.reduce(0) { $0 + $1.count }
        #expect(rebuilt.blobs == self.old.store.blobs.count && rebuilt.sealedBytes == bytes)
        #expect(new.lines.all.last?.kind == .done && new.lines.all.last?.text.contains("deletions") == true)
    }

    @Test("takes no number again, also none of a version that is not restored")
    func numbersAreNotTakenAgain() async throws {
        let first = try await self.old.upload(1)
        let second = try await self.old.upload(2, to: .newVersion(of: first.ref.asset))
        try await self.old.store.remove(second.source.id)
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions == [first] && new.lines.sortedCodes == ["source-missing"])
        #expect(new.lastNumber(of: first.ref.asset) == VersionNumber(1002))
    }

    @Test("reads more headers than a page has, and gives each asset once")
    func manyPages() async throws {
        var refs: Set<VersionRef> = []
        for _ in 0..<600 {
            let ref = VersionRef(asset: .make(), number: .first)
            refs.insert(ref)
            _ = try await self.old.vault.put([0xFF, 0xD8], as: RebuildOrigin.identity(ref))
        }
        let new = RebuiltCatalog()
        let rebuilt = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(Set(new.versions.map(\.ref)) == refs && new.versions.count == 600)
        #expect(rebuilt.assets == 600 && rebuilt.processing == 600)
    }

    @Test("gives a source without renditions back as a version that is still to be processed")
    func unprocessedStays() async throws {
        let version = try await self.old.upload(1, respondsAsync: true)
        let new = RebuiltCatalog()
        let rebuilt = try await self.old.rebuild(into: new)(report: new.lines.report)
        let found = try #require(new.versions.first)
        #expect(found.ref == version.ref && found.state == .processing && found.source == version.source)
        #expect(found.presets == Preset.defaults && rebuilt.processing == 1 && new.lines.findings == [])
    }

    @Test("does not bring an erased asset back whose picture others still have")
    func erasedStaysErased() async throws {
        let erased = try await self.old.upload(1)
        let other = try await self.old.upload(1)
        try #require(other.source == erased.source)
        try await self.old.remove(erased.ref.asset, immediately: true)
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions == [other] && new.lines.sortedCodes == ["unclaimed"])
    }

    /// A rendition as it was made at its first request: sealed, and nothing of it anywhere but in the store.
    private func makeLater(_ file: String, of version: AssetVersion) async throws -> BlobRecord {
        let format = try #require(RenditionName(file)).format
        let identity = RebuildOrigin.identity(version.ref, file, format.mediaType)
        return try await self.old.vault.put(LaterPictures.of(format), as: identity, madeFrom: version.source.id)
    }

    @Test("gives back what was made after the upload, also in formats that presets do not allow today")
    func laterRenditionsAreKept() async throws {
        let version = try await self.old.upload(1)
        let oneOffs = (10...50).map { "w=\($0).webp" }
        let files = ["preview.jpg", "thumbnail.avif", "thumbnail.jpg"] + oneOffs + ["w=64,q=50.jpg"]
        var blobs: [BlobRecord] = []
        for file in files { blobs.append(try await self.makeLater(file, of: version)) }
        for presets in [Preset.defaults, [try Preset(text: "thumbnail:w=2,h=2"), Preset.defaults[1]]] {
            let new = RebuiltCatalog()
            let rebuilt = try await self.old.rebuild(into: new, presets: presets)(report: new.lines.report)
            #expect(new.lines.findings == [] && rebuilt.blobs == self.old.store.blobs.count)
            let found = try #require(new.versions.first)
            #expect(found.renditions.map(\.blob) == version.renditions.map(\.blob))
            #expect(found.presets.map(\.recipe.formats) == [[.avif, .webp, .jpeg], [.webp, .jpeg]])
            let later = new.further(of: version.ref)
            #expect(later.map(\.blob) == blobs)
            #expect(later.map { RenditionName($0.preset).description } == files)
            #expect(later.allSatisfy { $0.size == PictureSize(width: 4, height: 3) })
            #expect(later[0].preset.recipe == Preset.defaults[1].recipe.made(as: .jpeg))
            #expect(later[1].preset.recipe == found.presets[0].recipe.made(as: .avif))
            #expect(later[10].preset == RenditionName(files[10]).flatMap { Preset(oneOff: $0) })
        }
    }

    @Test("tells of what was made later of a preset that is not there, and of what is no picture")
    func laterRenditionsOfNoUse() async throws {
        let version = try await self.old.upload(1)
        let lone = try await self.makeLater("banner.jpg", of: version)
        let identity = RebuildOrigin.identity(version.ref, "w=64.avif", "image/avif")
        let rubbish = try await self.old.vault.put(LaterPictures.jpeg, as: identity, madeFrom: version.source.id)
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions == [version] && new.further(of: version.ref) == [])
        #expect(new.lines.sortedCodes == ["unknown-rendition", "unknown-rendition"])
        #expect(Set(new.lines.findings.map { $0.fields["blob"] }) == ["\(lone.id)", "\(rubbish.id)"])
    }

    @Test("does not bring an erased asset back of which a rendition is left", arguments: [0, 1])
    func leftoversDoNotClaim(erased: Int) async throws {
        let both = [try await self.old.upload(1), try await self.old.upload(1)]
        try #require(both[0].source == both[1].source)
        // The erasure was cut off: its rows are gone, and not all of its files.
        try await self.old.remove(both[erased].ref.asset, immediately: true)
        for file in ["thumbnail.jpg", "w=64.webp"] { _ = try await self.makeLater(file, of: both[erased]) }
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions == [both[1 - erased]] && new.lines.sortedCodes == ["unclaimed"])
    }

    @Test("gives a version back that is still to be processed, though something is left of one that had its picture")
    func leftoversDoNotShare() async throws {
        let version = try await self.old.upload(1, respondsAsync: true)
        let gone = VersionRef(asset: .make(), number: .first)
        let identity = RebuildOrigin.identity(gone, "thumbnail.jpg", "image/jpeg")
        _ = try await self.old.vault.put(LaterPictures.jpeg, as: identity, madeFrom: version.source.id)
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions.map(\.ref) == [version.ref] && new.versions.map(\.state) == [.processing])
        #expect(new.lines.sortedCodes == ["unclaimed"])
    }

    @Test("finds a source that was sealed anew by the id that it had at first")
    func resealedSource() async throws {
        let first = try await self.old.upload(1)
        let second = try await self.old.upload(1)
        let bytes = RebuildOrigin.picture(1)
        let resealed = try await self.old.vault.put(bytes, as: first.source.sealedAs, madeFrom: first.source.id)
        try await self.old.store.remove(first.source.id)
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(Set(new.versions.map(\.ref)) == [first.ref, second.ref])
        #expect(new.versions.allSatisfy { $0.source == resealed && $0.state == .ready } && new.lines.findings == [])
    }

    @Test("takes the version's own source for renditions that do not name one")
    func renditionsOfEarlierDays() async throws {
        let ref = VersionRef(asset: .make(), number: .first)
        let source = try await self.old.vault.put([0xFF, 0xD8], as: RebuildOrigin.identity(ref))
        let identity = RebuildOrigin.identity(ref, "thumbnail.webp", "image/webp")
        let rendition = try await self.old.vault.put(WebPRenderer.picture("x"), as: identity)
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions.count == 1 && new.versions.first?.state == .ready)
        #expect(new.versions.first?.source == source && new.versions.first?.renditions.map(\.blob) == [rendition])
    }

    @Test(
        "reads a rendition's size from its first bytes, and takes no other picture for one",
        arguments: [
            // Sizes less one in 14 bits each: 5 - 1 | (4 - 1) << 14.
            ("VP8L", [0x2F, 0x04, 0xC0, 0x00, 0x00, 0, 0, 0, 0, 0], PictureSize(width: 5, height: 4)),
            ("VP8 ", [0x00, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x42, 0x09, 0x80], PictureSize(width: 640, height: 9)),
            ("VP8X", [0x02, 0, 0, 0, 0x00, 0x01, 0, 0x01, 0x00, 0], PictureSize(width: 257, height: 2)),
            ("VP8L", [0x2E, 0x04, 0xC0, 0x00, 0x00, 0, 0, 0, 0, 0], nil),
            ("VP8 ", [0x01, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x42, 0x09, 0x80], nil),
            ("VP8 ", [0x00, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x42], nil),
            ("ALPH", [0x02, 0, 0, 0, 0x00, 0x01, 0, 0x01, 0x00, 0], nil),
        ] as [(String, [UInt8], PictureSize?)]
    )
    func sizes(chunk: String, body: [UInt8], size: PictureSize?) async throws {
        let ref = VersionRef(asset: .make(), number: .first)
        let source = try await self.old.vault.put([0xFF, 0xD8], as: RebuildOrigin.identity(ref))
        let file =
            Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WEBP\(chunk)".utf8) + [UInt8(body.count), 0, 0, 0] + body
        let identity = RebuildOrigin.identity(ref, "old.webp", "image/webp")
        _ = try await self.old.vault.put(file, as: identity, madeFrom: source.id)
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions.first?.renditions.first?.size == size)
        #expect(new.lines.sortedCodes == [size == nil ? "unknown-rendition" : "rendition-missing"])
        #expect(new.versions.first?.presets.first?.recipe.animated == (chunk == "VP8X"))
    }

    @Test("tells of blobs that cannot be opened, leaves them where they are, and gives the rest back")
    func damageIsToldOf() async throws {
        let sound = try await self.old.upload(1)
        let (lacking, lost) = (try await self.old.upload(2), try await self.old.upload(3))
        let store = self.old.store
        store.change(lacking.renditions[0].blob.id) { $0[$0.count - 1] ^= 1 }
        store.change(lost.source.id) { $0.removeLast(20) }
        let rubbish = BlobID.make()
        store.put([1, 2, 3], as: rubbish)
        let before = store.blobs
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(store.blobs == before)
        #expect(Set(new.versions.map(\.ref)) == [sound.ref, lacking.ref])
        let version = try #require(new.versions.first { $0.ref == lacking.ref })
        #expect(version.state == .ready && version.renditions == [lacking.renditions[1]])
        #expect(version.presets == [lacking.presets[1]])
        #expect(new.lines.sortedCodes.contains("corrupt") && new.lines.sortedCodes.contains("source-missing"))
        #expect(new.lines.findings.contains { $0.fields["blob"] == "\(rubbish)" })
    }

    @Test("tells of a version that a crash cut off between two renditions, and what to do")
    func cutOffBetweenRenditions() async throws {
        _ = try await self.old.upload(1)
        let version = try await self.old.upload(2)
        try await self.old.store.remove(version.renditions[1].blob.id)
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions.first { $0.ref == version.ref }?.renditions == [version.renditions[0]])
        let finding = try #require(new.lines.findings.first)
        #expect(new.lines.sortedCodes == ["rendition-missing"])
        #expect(finding.fields["asset"] == "\(version.ref.asset)" && finding.fields["version"] == "1")
        #expect(finding.text.contains("no rendition '\(version.presets[1].name)'"))
        #expect(finding.text.contains("mediactl reprocess \(version.ref.asset)"))
    }

    @Test("leaves a version to be processed again when none of its renditions opens")
    func renditionsAllDamaged() async throws {
        let version = try await self.old.upload(1)
        for rendition in version.renditions { self.old.store.change(rendition.blob.id) { $0[$0.count - 1] ^= 1 } }
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions.map(\.state) == [.processing] && new.lines.sortedCodes == ["corrupt", "corrupt"])
    }

    @Test("opens a data key that was wrapped anew, after its first key was retired, with an older catalog")
    func olderCatalogHelps() async throws {
        let version = try await self.old.upload(1)
        let records = [version.source] + version.renditions.map(\.blob)
        let new = RebuiltCatalog()
        let older = try await self.old.catalogAfterRetirement(of: records)
        // Without it: nothing opens, and one finding tells which key it is.
        let without = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions == [] && without.locked == 3 && new.lines.sortedCodes == ["key-unavailable"])
        let helped = RebuiltCatalog()
        let with = try await self.old.rebuild(into: helped, older: older)(report: helped.lines.report)
        let rows = try await older.blobs(after: nil, limit: 10).map(\.kept)
        let found = helped.versions.flatMap { [$0.source] + $0.renditions.map(\.blob) }.sorted { $0.id < $1.id }
        #expect(found == rows && rows.allSatisfy { $0.rewrapped != nil } && with.locked == 0)
        #expect(helped.lines.findings == [])
        #expect(helped.keys.map(\.id) == [RebuildOrigin.laterKey.id])
    }

    @Test("opens what is under a line of the key ring itself, without any mirror")
    func formerKeys() async throws {
        let version = try await self.old.upload(1)
        try await self.old.mirror.write([])
        let new = RebuiltCatalog()
        let provider = FakeKeyProvider(former: [FixedEnvelopeKeys.key("test-key")])
        _ = try await self.old.rebuild(into: new, provider: provider)(report: new.lines.report)
        #expect(new.versions == [version])
        #expect(new.keys.map(\.id) == [EnvelopeKeyID("test-key")] && new.keys[0].wrapped == nil)
    }

    @Test("makes nothing while the keys' provider is away", arguments: [KeyError.Code.unreachable, .denied, .disabled])
    func providerAway(code: KeyError.Code) async throws {
        _ = try await self.old.upload(1)
        self.old.provider.inject(KeyError(code, detail: "injected"))
        let new = RebuiltCatalog()
        let error = await #expect(throws: KeyError.self) {
            try await self.old.rebuild(into: new)(report: new.lines.report)
        }
        #expect(error?.code == code && new.versions == [] && new.keys == [])
    }

    @Test("makes a recipe up where today's preset of that name is another, or there is none")
    func recipesOfEarlierDays() async throws {
        let version = try await self.old.upload(1)
        let today = ["thumbnail:w=2,h=2", "banner:w=900,h=100"].compactMap { try? Preset(text: $0) }
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new, presets: today)(report: new.lines.report)
        let found = try #require(new.versions.first)
        #expect(found.renditions.map(\.blob) == version.renditions.map(\.blob))
        #expect(found.presets.map(\.name.description) == ["thumbnail", "preview"])
        #expect(found.presets.allSatisfy { $0.recipe == Recipe(width: 4, height: 3) })
    }

    @Test("takes the younger of two blobs of one rendition, and tells of the other")
    func youngerWins() async throws {
        let version = try await self.old.upload(1)
        let mended = version.renditions[0].blob
        let again = try await self.old.vault.put(
            WebPRenderer.picture("again"),
            as: mended.sealedAs,
            madeFrom: version.source.id
        )
        self.old.store.touch(again.id, Date(timeIntervalSinceNow: 60))
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions.first?.renditions.first?.blob == again && new.lines.sortedCodes == ["superseded"])
        #expect(new.lines.findings.first?.fields["blob"] == "\(mended.id)")
    }

    @Test("takes the size of the largest rendition where the source is refused today")
    func sourceRefused() async throws {
        let version = try await self.old.upload(1)
        self.old.renderer.fails.withLock { $0 = RenderError(.tooManyPixels, detail: "injected") }
        let new = RebuiltCatalog()
        _ = try await self.old.rebuild(into: new)(report: new.lines.report)
        #expect(new.versions.first?.sourceSize == PictureSize(width: 4, height: 3))
        #expect(new.versions.map(\.ref) == [version.ref] && new.lines.sortedCodes == ["source-size-unknown"])
        self.old.renderer.fails.withLock { $0 = RenderError(.unavailable, detail: "injected") }
        await #expect(throws: RenderError.self) { try await self.old.rebuild(into: new)(report: new.lines.report) }
    }

    @Test("that meets a failing disk at any call stops, or tells, and gives back nothing that is wrong")
    func everyStoreFault() async throws {
        _ = try await self.old.upload(1)
        _ = try await self.old.upload(1)
        let truth = self.old.versions
        for call in 1...200 {
            let new = RebuiltCatalog()
            self.old.store.inject(FaultPlan(failAt: call))
            let result = try? await self.old.rebuild(into: new)(report: new.lines.report)
            let wasHit = self.old.store.calls >= call
            self.old.store.inject(nil)
            for version in new.versions {
                let original = try #require(truth.first { $0.ref == version.ref })
                #expect(version.source == original.source && version.sourceSize == original.sourceSize)
                #expect(version.renditions.allSatisfy(original.renditions.contains))
            }
            guard wasHit else {
                #expect(call > 20 && new.versions == truth && result?.findings == 0)
                return
            }
            #expect(result == nil || result?.findings ?? 0 > 0, "call \(call) failed and nobody was told")
        }
        Issue.record("more than 200 calls")
    }

    @Test("stops where the new catalog does not take a key or an asset")
    func newCatalogFails() async throws {
        _ = try await self.old.upload(1)
        for failing in 1...2 {
            let new = RebuiltCatalog(failAt: failing)
            await #expect(throws: CatalogError.self) {
                try await self.old.rebuild(into: new)(report: new.lines.report)
            }
            #expect(new.versions == [] && !new.lines.all.contains { $0.kind == .done })
        }
    }
}

/// What a rebuild gave, in the order of a catalog.
final class RebuiltCatalog: Sendable {
    private struct State {
        var keys: [EnvelopeKeyRecord] = []
        var assets: [AssetID: [AssetVersion]] = [:]
        var lastNumbers: [AssetID: VersionNumber] = [:]
        var further: [VersionRef: [Rendition]] = [:]
        var calls = 0
    }

    let lines = Lines()
    private let failAt: Int?
    private let state = Mutex(State())

    init(failAt: Int? = nil) { self.failAt = failAt }

    var keys: [EnvelopeKeyRecord] { self.state.withLock { $0.keys } }
    var versions: [AssetVersion] {
        self.state.withLock { state in state.assets.sorted { $0.key < $1.key }.flatMap(\.value) }
    }

    func add(_ key: EnvelopeKeyRecord) throws { try self.call { $0.keys.append(key) } }

    /// The last number that counts as taken.
    func lastNumber(of asset: AssetID) -> VersionNumber? { self.state.withLock { $0.lastNumbers[asset] } }

    func insert(_ asset: AssetID, _ tenant: Tenant, _ versions: [AssetVersion], last: VersionNumber) throws {
        try self.call { state in
            #expect(state.assets[asset] == nil, "an asset comes once")
            let needed = versions.flatMap { [$0.source] + $0.renditions.map(\.blob) }.map(\.envelopeKey)
            #expect(Set(needed).isSubset(of: state.keys.map(\.id)), "keys come before blobs")
            #expect(versions.allSatisfy { $0.ref.asset == asset && $0.tenant == tenant })
            state.assets[asset] = versions
            state.lastNumbers[asset] = last
        }
    }

    /// What was made after the upload, in the order in which it came.
    func further(of version: VersionRef) -> [Rendition] { self.state.withLock { $0.further[version] ?? [] } }

    func keep(_ rendition: Rendition, of version: VersionRef) throws {
        try self.call { state in
            let known = state.assets[version.asset]?.first { $0.ref == version }
            #expect(known?.state == .ready, "it is kept of what is ready")
            state.further[version, default: []].append(rendition)
        }
    }

    private func call(_ body: (inout State) -> Void) throws {
        try self.state.withLock { state in
            state.calls += 1
            if state.calls == self.failAt { throw CatalogError(.failed, detail: "injected") }
            body(&state)
        }
    }
}

extension AssetVersion {
    /// Headers name presets and have no recipes: what is restored has those of today, which know nothing of the effort
    /// that `reprocess` takes.
    fileprivate var asHeadersTell: AssetVersion {
        AssetVersion(
            ref: self.ref,
            tenant: self.tenant,
            state: self.state,
            createdAt: self.createdAt,
            source: self.source,
            sourceSize: self.sourceSize,
            presets: self.presets.map(\.withPlainEffort),
            renditions: self.renditions.map {
                Rendition(preset: $0.preset.withPlainEffort, size: $0.size, blob: $0.blob)
            },
            isAnnounced: self.isAnnounced
        )
    }
}

extension Preset {
    fileprivate var withPlainEffort: Preset {
        var recipe = self.recipe
        recipe.effort = Recipe().effort
        return Preset(name: self.name, recipe: recipe)
    }
}
