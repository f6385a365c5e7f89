import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

/// A source that cost two workers gets no third one, however it comes.
@Suite struct QuarantineTests {
    private static let picture = OriginHarness.picture(5000)
    private let origin = OriginHarness()

    /// As the pool says it of a worker that died of its picture.
    private static let crash = RenderError(.crashed, detail: "test", costAWorker: true)
    private static let hang = RenderError(.deadline, detail: "test", costAWorker: true)

    private func strikes(_ errors: [RenderError]) async throws {
        for error in errors {
            self.origin.renderer.failNext(error)
            let thrown = await #expect(throws: RenderError.self) { try await self.origin.upload(Self.picture) }
            #expect(thrown == error)
        }
    }

    @Test func theThirdUploadOfTheSameBytesIsRefusedUnrendered() async throws {
        try await self.strikes([Self.crash, Self.hang])
        for respondsAsync in [false, true] {
            let error = await #expect(throws: RenderError.self) {
                try await self.origin.upload(Self.picture, respondsAsync: respondsAsync)
            }
            #expect(error?.code == .quarantined)
        }
        #expect(self.origin.renderer.jobs.count == 2)
        #expect(self.origin.store.blobs.isEmpty)
        #expect(self.origin.store.draftsOpen == 0)
        #expect(self.origin.catalog.versions.isEmpty)
        let records = try await self.origin.catalog.poisoned(limit: 10)
        #expect(records.map(\.strikes) == [2])
        #expect(records.map(\.reason) == ["render-deadline"])
        // Other bytes are nobody's business.
        #expect(try await self.origin.upload(OriginHarness.picture(5000, seed: 2)).state == .ready)
    }

    @Test(arguments: [
        [RenderError(.crashed, detail: "test")], [RenderError(.deadline, detail: "test")],
        [RenderError(.unavailable, detail: "test")], [RenderError(.undecodable, detail: "test")],
    ])
    func whatCostsNoWorkerIsNoStrike(errors: [RenderError]) async throws {
        try await self.strikes(errors + errors + errors)
        #expect(try await self.origin.catalog.poisoned(limit: 10).isEmpty)
        #expect(try await self.origin.upload(Self.picture).state == .ready)
    }

    @Test func oneStrikeIsNotEnough() async throws {
        try await self.strikes([Self.crash])
        #expect(try await self.origin.upload(Self.picture).state == .ready)
    }

    @Test func aNumberOfAnAssetIsGivenBack() async throws {
        let first = try await self.origin.upload(OriginHarness.picture(100))
        try await self.strikes([Self.crash, Self.crash])
        await #expect(throws: RenderError.self) {
            try await self.origin.upload(Self.picture, to: .newVersion(of: first.ref.asset))
        }
        let next = try await self.origin.upload(OriginHarness.picture(200), to: .newVersion(of: first.ref.asset))
        #expect(next.ref.number == VersionNumber(2))
    }

    /// A version that nobody waits for is tried twice; what a restart finds of it is not tried again.
    @Test func theBacklogStopsAtTwoAndARestartStartsNoThird() async throws {
        let version = try await self.origin.upload(Self.picture, respondsAsync: true)
        // The service dies after the first attempt: the attempt's number is lost, its strike is not.
        self.origin.renderer.failNext(Self.crash)
        await #expect(throws: RenderError.self) {
            _ = try await self.origin.develop(version, for: .backlog(attempt: 1))
        }
        self.origin.renderer.failNext(Self.crash)
        await #expect(throws: RenderError.self) {
            _ = try await self.origin.develop(version, for: .backlog(attempt: 1))
        }
        await self.origin.workOffBacklog()
        #expect(self.origin.renderer.jobs.count == 2)
        let failed = try await self.origin.catalog.version(version.ref)
        #expect(failed?.state == .failed)
        #expect(failed?.failure == "quarantined-picture")
        // A client was told that it is kept; once it is cleared, it can be developed.
        #expect(self.origin.store.blobs.keys.contains(version.source.id))
        let error = await #expect(throws: RenderError.self) {
            try await self.origin.revise.reprocess(version.ref.asset, respondsAsync: true)
        }
        #expect(error?.code == .quarantined)
        try await QuarantineList(catalog: self.origin.catalog).clear(.one(version.source.sha256)) { _ in }
        let revised = try await self.origin.revise.reprocess(version.ref.asset, respondsAsync: false)
        #expect(revised.state == .ready)
        #expect(revised.ref.number == VersionNumber(2))
    }

    @Test func aStrikeThatCannotBeNotedDoesNotHideTheCrash() async throws {
        let version = try await self.origin.upload(Self.picture, respondsAsync: true)
        self.origin.renderer.failNext(Self.crash)
        self.origin.renderer.beforeNext { [catalog = self.origin.catalog] in
            catalog.inject(FaultPlan(failAt: 1), error: CatalogError(.full, detail: "test"))
        }
        let error = await #expect(throws: RenderError.self) {
            _ = try await self.origin.develop(version, for: .backlog(attempt: 1))
        }
        #expect(error == Self.crash)
        #expect(try await self.origin.catalog.poisoned(limit: 10).isEmpty)
    }
}

/// What `mediactl quarantine` tells and does.
@Suite struct QuarantineListTests {
    @Test func quarantinedAndWatchedAreToldApart() async throws {
        let catalog = MemoryCatalog()
        let now = Date()
        for source in [1, 1, 2] {
            _ = try await catalog.strike(Samples.digest(source), reason: "codec-crashed", at: now)
        }
        let lines = Lines()
        try await QuarantineList(catalog: catalog)(lines.report)
        let rows = lines.all.filter { $0.kind == .row }
        let states = Dictionary(uniqueKeysWithValues: rows.map { ($0.fields["sha256"], $0.fields["state"]) })
        #expect(
            states == [Samples.digest(1).description: "quarantined", Samples.digest(2).description: "watched"]
        )
        #expect(lines.all.last?.fields == ["quarantined": "1", "watched": "1"])
    }

    @Test func aStrikeThatIsOverIsNotListed() async throws {
        let catalog = MemoryCatalog()
        let past = Date().addingTimeInterval(-PoisonRecord.strikeLifetime - 60)
        _ = try await catalog.strike(Samples.digest(1), reason: "codec-crashed", at: past)
        let lines = Lines()
        try await QuarantineList(catalog: catalog)(lines.report)
        #expect(lines.all.map(\.kind) == [.done])
    }

    @Test func allAreCleared() async throws {
        let catalog = MemoryCatalog()
        for source in 1...3 {
            _ = try await catalog.strike(Samples.digest(source), reason: "codec-crashed", at: Date())
        }
        let lines = Lines()
        try await QuarantineList(catalog: catalog).clear(.all, lines.report)
        #expect(lines.all.last?.fields == ["cleared": "3"])
        #expect(try await catalog.poisoned(limit: 10).isEmpty)
        try await QuarantineList(catalog: catalog).clear(.one(Samples.digest(1)), lines.report)
        #expect(lines.all.last?.fields == ["cleared": "0"])
    }
}
