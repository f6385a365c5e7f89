import MediaModel
import MediaOrigin
import MediaTesting
import Testing

/// Which format a path without an ending becomes, and what is answered where that one cannot be had.
@Suite struct NegotiationTests {
    private static let gif = Array("GIF89a".utf8) + Samples.bytes(3000)

    private let origin: OriginHarness

    init() throws {
        var origin = OriginHarness()
        origin.presets = try ["plain:w=9", "exact:w=9,lossless=1", "moving:w=9,anim=1"].map {
            try Preset(text: "\($0),formats=avif+webp+jpeg")
        }
        self.origin = origin
    }

    private func path(_ version: AssetVersion, _ file: String) throws -> DeliveryPath {
        try #require(DeliveryPath("/a/\(version.ref.asset)/v\(version.ref.number)/\(file)"))
    }

    /// What a client gets that takes everything, AVIF first.
    private func format(_ version: AssetVersion, _ preset: String) async throws -> RenditionFormat {
        try await self.origin.deliver.find(try self.path(version, preset)).rendition.preset.recipe.format
    }

    @Test func aChoiceCostsNothingThatTheRecipeAsksFor() async throws {
        let still = try await self.origin.upload(OriginHarness.picture(3000))
        #expect(try await self.format(still, "plain") == .avif)
        #expect(try await self.format(still, "exact") == .webp)
        // A photograph stands still in any format.
        #expect(try await self.format(still, "moving") == .avif)
        let moving = try await self.origin.upload(Self.gif)
        #expect(try await self.format(moving, "plain") == .avif)
        #expect(try await self.format(moving, "moving") == .webp)
        // Whoever names the format has the still one.
        let named = try await self.origin.deliver.find(try self.path(moving, "moving.avif"))
        #expect(named.rendition.preset.recipe.format == .avif)
    }

    /// A reader waits for it, whoever asks again: the effort is in the recipe that it is kept with.
    @Test func whatIsMadeAtItsFirstRequestIsMadeQuickly() async throws {
        var origin = self.origin
        origin.presets = try ["large:w=1280", "small:w=320", "named:w=1280,effort=5"].map {
            try Preset(text: "\($0),formats=avif+webp+jpeg")
        }
        let version = try await origin.upload(OriginHarness.picture(3000))
        // A JPEG's encoder has no effort.
        let expected = [
            ("large.avif", Effort.quick), ("small.avif", Effort.usual), ("named.avif", 5), ("large.jpg", Effort.usual),
        ]
        for (file, effort) in expected {
            for _ in 0..<2 {
                let found = try await origin.deliver.find(try self.path(version, file))
                #expect(found.rendition.preset.recipe.effort == effort, "\(file)")
            }
        }
    }

    @Test func whatIsTooLargeForAVIFIsNotChosenAsThat() async throws {
        self.origin.renderer.setSize(PictureSize(width: RenditionFormat.avif.pixelsMax, height: 1))
        #expect(try await self.format(try await self.origin.upload(OriginHarness.picture(3000)), "plain") == .avif)
        self.origin.renderer.setSize(PictureSize(width: RenditionFormat.avif.pixelsMax + 1, height: 1))
        let large = try await self.origin.upload(OriginHarness.picture(4000))
        #expect(try await self.format(large, "plain") == .webp)
    }

    @Test(arguments: [
        RenderError(.deadline, detail: "test"), RenderError(.busy, detail: "test"),
        RenderError(.unavailable, detail: "test"), RenderError(.crashed, detail: "test", costAWorker: true),
    ])
    func whoTakesTheWebPGetsItWhereTheBestCannotBeHad(failure: RenderError) async throws {
        let version = try await self.origin.upload(OriginHarness.picture(3000))
        self.origin.renderer.failNext(failure)
        let found = try await self.origin.deliver.find(try self.path(version, "plain"), settlingFor: { $0 == .webp })
        #expect(found.isStandIn)
        #expect(found.rendition == version.renditions[0])
        // One that could be had is none.
        let webp = try await self.origin.deliver.find(try self.path(version, "plain"), choosing: { _ in .webp })
        #expect(!webp.isStandIn)
    }

    @Test func whoDoesNotTakeItIsToldWhatIsWrong() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(3000))
        for (file, takes) in [("plain", false), ("plain.avif", true)] {
            self.origin.renderer.failNext(RenderError(.busy, detail: "test"))
            let error = await #expect(throws: RenderError.self) {
                try await self.origin.deliver.find(try self.path(version, file), settlingFor: { _ in takes })
            }
            #expect(error?.code == .busy)
        }
    }

    /// A rendition in the place of another must not outlive the asset in a cache.
    @Test func whatWasDeletedMeanwhileIsGone() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(3000))
        self.origin.renderer.beforeNext { [catalog = self.origin.catalog] in
            try? await catalog.delete(version.ref.asset, at: Samples.moment)
        }
        let error = await #expect(throws: CatalogError.self) {
            try await self.origin.deliver.find(try self.path(version, "plain"), settlingFor: { _ in true })
        }
        #expect(error?.code == .gone)
    }

    /// It took the time of an attempt, and is none of what was made.
    @Test func whatIsAnsweredInPlaceOfARenderThatFailedWasNotMade() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(3000))
        self.origin.renderer.failNext(RenderError(.busy, detail: "test"))
        let trace = DeliveryTrace()
        let path = try self.path(version, "plain")
        let found = try await self.origin.deliver.find(
            path,
            settlingFor: { _ in true },
            tracing: trace
        )
        #expect(found.isStandIn)
        #expect(trace.times.map { $0.stage } == [.catalog, .render])
        #expect(!trace.isMade)
    }

    /// What was made for a request was not in memory when it came.
    @Test func aTraceTellsARenderFromAHit() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(3000))
        let path = try self.path(version, "plain.jpg")
        let (first, second, cold) = (DeliveryTrace(), DeliveryTrace(), DeliveryTrace())
        let found = try await self.origin.deliver.find(path, tracing: first)
        _ = try await self.origin.deliver.read(found.rendition, range: 0..<1, tracing: first)
        #expect(first.times.map { $0.stage } == [.catalog, .render])
        #expect(first.source == .store(isKept: true))
        #expect(first.isMade)
        _ = try await self.origin.deliver.find(path, tracing: second)
        _ = try await self.origin.deliver.read(found.rendition, range: 0..<1, tracing: second)
        #expect(second.times.map { $0.stage } == [.catalog])
        #expect(second.source == .memory)
        #expect(!second.isMade)
        // Without room in memory it is read back from the store.
        let none = RenditionCache(bytesMax: 0)
        let deliver = Deliver(
            catalog: self.origin.catalog,
            vault: self.origin.vault,
            cache: none,
            developLater: self.origin.developLater(cache: none)
        )
        let other = try await deliver.find(try self.path(version, "plain.avif"), tracing: cold)
        _ = try await deliver.read(other.rendition, range: 0..<1, tracing: cold)
        #expect(cold.times.map { $0.stage } == [.catalog, .render, .open, .decrypt])
        #expect(cold.source == .store(isKept: false))
    }
}
