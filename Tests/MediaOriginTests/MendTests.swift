import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

@Suite struct MendTests {
    /// A rendition of a fresh upload, struck.
    private func struck(
        _ fault: DiskFault,
        in care: CareHarness
    ) async throws -> (version: AssetVersion, rendition: Rendition, bytes: [UInt8]) {
        let version = try await care.upload(5000)
        let rendition = version.renditions[0]
        let bytes = try await care.plaintext(of: rendition.blob)
        try await fault.strike(rendition.blob, in: care.store, other: version.renditions[1].blob)
        return (version, rendition, bytes)
    }

    @Test(arguments: DiskFault.allCases)
    func aRenditionIsMadeAgainWithTheSameBytes(fault: DiskFault) async throws {
        let care = try await CareHarness()
        let (version, rendition, bytes) = try await self.struck(fault, in: care)
        guard case .mended(let new) = await care.mend(rendition.blob) else {
            Issue.record("not mended")
            return
        }
        #expect(new.id != rendition.blob.id)
        #expect(new.sha256 == rendition.blob.sha256)
        #expect(try await care.plaintext(of: new) == bytes)
        let now = try await care.catalog.version(version.ref)
        #expect(now?.renditions.map(\.blob) == [new, version.renditions[1].blob])
        #expect(Array(care.store.quarantinedBlobs.keys) == (fault == .missing ? [] : [rendition.blob.id]))
        // One decode, all recipes: a rendition may be made of a larger one.
        #expect(care.renderer.jobs.last?.presets == version.presets)
        #expect(try await care.expectNothingDangles())
    }

    @Test func otherBytesAreNeverTaken() async throws {
        let care = try await CareHarness(mender: PaddingRenderer(padding: 1))
        let (version, rendition, _) = try await self.struck(.corrupt, in: care)
        guard case .impossible(let reason) = await care.mend(rendition.blob) else {
            Issue.record("taken")
            return
        }
        #expect(reason == "other-bytes")
        #expect(try await care.catalog.version(version.ref)?.renditions == version.renditions)
        #expect(care.store.quarantinedBlobs.isEmpty)
        #expect(try await care.expectNothingDangles())
    }

    @Test func aDamagedSourceIsMarkedAndMakesNothing() async throws {
        let care = try await CareHarness()
        let (version, rendition, _) = try await self.struck(.corrupt, in: care)
        try await DiskFault.corrupt.strike(version.source, in: care.store, other: version.source)
        guard case .impossible(let reason) = await care.mend(rendition.blob) else {
            Issue.record("made of a damaged source")
            return
        }
        #expect(reason == "source-damaged")
        let damaged = try await care.catalog.damaged(limit: 10)
        #expect(damaged == [DamagedBlob(blob: version.source, damage: "corrupt")])
    }

    @Test func aSourceIsNeverReplaced() async throws {
        let care = try await CareHarness()
        let version = try await care.upload(100)
        guard case .impossible(let reason) = await care.mend(version.source) else {
            Issue.record("a source was made again")
            return
        }
        #expect(reason == "source")
    }

    @Test func whatIsGoneIsNotMadeAgain() async throws {
        let care = try await CareHarness()
        let (version, rendition, _) = try await self.struck(.corrupt, in: care)
        try await care.remove(version.ref.asset, immediately: true)
        guard case .impossible(let reason) = await care.mend(rendition.blob) else {
            Issue.record("made for nobody")
            return
        }
        #expect(reason == "gone")
        #expect(care.store.blobs.isEmpty)
    }

    @Test(arguments: [RenderError.Code.busy, .unavailable])
    func aBusyRendererIsNoVerdict(code: RenderError.Code) async throws {
        let care = try await CareHarness()
        let (_, rendition, _) = try await self.struck(.corrupt, in: care)
        care.renderer.failNext(RenderError(code, detail: "test"))
        guard case .failed = await care.mend(rendition.blob) else {
            Issue.record("a verdict")
            return
        }
        guard case .mended = await care.mend(rendition.blob) else {
            Issue.record("not mended")
            return
        }
    }

    @Test func twoAtOnceAgreeOnOneBlob() async throws {
        let care = try await CareHarness()
        let (version, rendition, _) = try await self.struck(.corrupt, in: care)
        let ids = await withTaskGroup(of: BlobID?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    guard case .mended(let new) = await care.mend(rendition.blob) else { return nil }
                    return new.id
                }
            }
            return await group.reduce(into: Set<BlobID?>()) { $0.insert($1) }
        }
        let now = try await care.catalog.version(version.ref)
        #expect(ids == [now?.renditions[0].blob.id])
        #expect(try await care.expectNothingDangles())
    }

    @Test(arguments: [false, true], [false, true])
    func whicheverCallFailsTheRowNamesWhatIsThere(inStore: Bool, isSticky: Bool) async throws {
        for call in 1...60 {
            let care = try await CareHarness()
            let (version, rendition, bytes) = try await self.struck(.corrupt, in: care)
            let plan = FaultPlan(failAt: call, isSticky: isSticky)
            if inStore { care.store.inject(plan) } else { care.catalog.inject(plan) }
            let outcome = await care.mend(rendition.blob)
            let calls = inStore ? care.store.calls : care.catalog.calls
            care.store.inject(nil)
            care.catalog.inject(nil)
            let now = try #require(try await care.catalog.version(version.ref)?.renditions[0].blob)
            if case .mended(let new) = outcome {
                #expect(now == new)
            } else {
                #expect(now == rendition.blob)
                guard case .mended(let new) = await care.mend(rendition.blob) else {
                    Issue.record("not mended afterwards: call \(call)")
                    return
                }
                #expect(try await care.plaintext(of: new) == bytes)
            }
            #expect(try await care.expectNothingDangles())
            if calls < call { return }
        }
        Issue.record("the repair never got through")
    }
}

@Suite(.timeLimit(.minutes(5))) struct MendOnReadTests {
    private func bytes(_ care: CareHarness, _ rendition: Rendition) async throws -> [UInt8] {
        guard case .whole(let bytes, _) = try await care.deliver.read(rendition, range: 0..<rendition.blob.bytes) else {
            throw OriginError(.unknownRendition, detail: "not whole")
        }
        return bytes.withUnsafeBytes { Array($0) }
    }

    @Test(arguments: DiskFault.allCases.filter { $0 != .digest })
    func aDamagedRenditionIsAMissThatTakesLonger(fault: DiskFault) async throws {
        let care = try await CareHarness()
        let version = try await care.upload(5000)
        let rendition = version.renditions[0]
        let before = try await self.bytes(care, rendition)
        try await fault.strike(rendition.blob, in: care.store, other: version.renditions[1].blob)
        try await care.repairing {
            let first = try await self.bytes(care, rendition)
            #expect(first == before)
            // Whoever still holds the old row finds the new blob.
            let second = try await self.bytes(care, rendition)
            #expect(second == before)
        }
        #expect(care.renderer.jobs.count == 2)
    }

    @Test func manyReadersCauseOneRender() async throws {
        let care = try await CareHarness()
        let version = try await care.upload(5000)
        let rendition = version.renditions[0]
        let before = try await self.bytes(care, rendition)
        try await DiskFault.corrupt.strike(rendition.blob, in: care.store, other: rendition.blob)
        let jobs = care.renderer.jobs.count
        try await care.repairing {
            try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<200 { group.addTask { try await self.bytes(care, rendition) } }
                for try await bytes in group { #expect(bytes == before) }
            }
        }
        #expect(care.renderer.jobs.count == jobs + 1)
        #expect(care.queue.count == 0)
    }

    @Test func aHeadPromisesWhatAGetKeeps() async throws {
        let care = try await CareHarness()
        let version = try await care.upload(5000)
        try await DiskFault.missing.strike(version.renditions[0].blob, in: care.store, other: version.source)
        try await care.repairing { try await care.deliver.check(version.renditions[0]) }
    }

    @Test func whatCannotBeMadeAgainIsAnErrorAndNotTriedForEachReader() async throws {
        let care = try await CareHarness(mender: PaddingRenderer(padding: 1))
        let version = try await care.upload(5000)
        let rendition = version.renditions[0]
        try await DiskFault.corrupt.strike(rendition.blob, in: care.store, other: rendition.blob)
        let mender = try #require(care.mender as? PaddingRenderer)
        try await care.repairing {
            for _ in 0..<5 {
                let error = await #expect(throws: SealError.self) { try await self.bytes(care, rendition) }
                #expect(error?.code == .corrupt)
            }
        }
        #expect(mender.base.jobs.count == 1)
    }

    @Test func aReaderDoesNotWaitForEver() async throws {
        let care = try await CareHarness()
        let version = try await care.upload(5000)
        try await DiskFault.corrupt.strike(version.renditions[0].blob, in: care.store, other: version.source)
        let blob = version.renditions[0].blob
        // Nobody works on the queue.
        let error = await #expect(throws: OriginError.self) {
            try await care.deliver(mendTimeMax: .milliseconds(100)).read(version.renditions[0], range: 0..<blob.bytes)
        }
        #expect(error?.code == .renditionPending)
        #expect(care.queue.count == 1)
    }

    /// A thousand readers, and the first of them, whose request began it, leaves.
    @Test func aReaderThatLeavesTakesNothingFromTheOthers() async throws {
        let care = try await CareHarness()
        let version = try await care.upload(5000)
        let rendition = version.renditions[0]
        let before = try await self.bytes(care, rendition)
        try await DiskFault.corrupt.strike(rendition.blob, in: care.store, other: rendition.blob)
        let jobs = care.renderer.jobs.count
        let (isOpen, opener) = AsyncStream.makeStream(of: Void.self)
        care.renderer.beforeNext { for await _ in isOpen {} }
        try await care.repairing {
            let first = Task { try await self.bytes(care, rendition) }
            try await eventually { care.renderer.jobs.count == jobs + 1 }
            try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<999 { group.addTask { try await self.bytes(care, rendition) } }
                first.cancel()
                _ = await first.result
                opener.finish()
                for try await bytes in group { #expect(bytes == before) }
            }
        }
        #expect(care.renderer.jobs.count == jobs + 1)
        #expect(care.renderer.priorities.last == .reader)
        #expect(care.queue.count == 0)
    }

    @Test func severalRenditionsAreMendedAtATime() async throws {
        let care = try await CareHarness()
        let versions = [try await care.upload(5000), try await care.upload(6000, seed: 2)]
        for version in versions {
            try await DiskFault.missing.strike(version.renditions[0].blob, in: care.store, other: version.source)
        }
        let jobs = care.renderer.jobs.count
        let (isOpen, opener) = AsyncStream.makeStream(of: Void.self)
        care.renderer.beforeNext { for await _ in isOpen {} }
        try await care.repairing {
            let held = Task { try await self.bytes(care, versions[0].renditions[0]) }
            try await eventually { care.renderer.jobs.count == jobs + 1 }
            // The second does not wait for the first.
            _ = try await self.bytes(care, versions[1].renditions[0])
            #expect(care.queue.count == 1)
            opener.finish()
            _ = try await held.value
        }
    }

    /// We are short: the reader is told to come back, not that something is broken, and an attempt is made for it then.
    @Test func aBusyRendererIsToldToReadersAndSoonForgotten() async throws {
        let care = try await CareHarness()
        let version = try await care.upload(5000)
        let rendition = version.renditions[0]
        let before = try await self.bytes(care, rendition)
        try await DiskFault.corrupt.strike(rendition.blob, in: care.store, other: rendition.blob)
        care.renderer.failNext(RenderError(.busy, detail: "full"))
        let jobs = care.renderer.jobs.count
        try await care.repairing {
            let error = await #expect(throws: OriginError.self) { try await self.bytes(care, rendition) }
            #expect(error?.code == .renditionPending)
            #expect(care.renderer.jobs.count == jobs + 1)
            try await eventually { (try? await self.bytes(care, rendition)) == before }
            #expect(care.renderer.jobs.count == jobs + 2)
        }
    }

    @Test func whatNobodyWaitsForIsBackgroundWork() async throws {
        let care = try await CareHarness()
        let version = try await care.upload(5000)
        try await DiskFault.corrupt.strike(version.renditions[0].blob, in: care.store, other: version.source)
        care.queue.note(version.renditions[0].blob)
        try await care.repairing { try await eventually { care.queue.count == 0 } }
        #expect(care.renderer.priorities == [.upload, .background])
    }

    @Test func anErrorThatSaysNothingOfTheBlobMendsNothing() async throws {
        let care = try await CareHarness()
        let version = try await care.upload(5000)
        care.store.inject(FaultPlan(failAt: 1))
        await #expect(throws: BlobStoreError.self) { try await self.bytes(care, version.renditions[0]) }
        #expect(care.queue.count == 0)
    }

    /// Too large to be verified before the status line: the connection is cut, and the next reader is better off.
    @Test func aLargeRenditionIsMadeAgainForTheNextReader() async throws {
        let renderer = PaddingRenderer(padding: 1_100_000)
        let care = try await CareHarness(mender: renderer)
        let version = try await care.upload(5000)
        let large = try await self.enlarge(version, in: care, with: renderer)
        var sealed = try #require(care.store.blobs[large.blob.id])
        sealed[sealed.count - 1] ^= 1
        care.store.put(sealed, as: large.blob.id)
        guard case .stream(let reader, let range) = try await care.deliver.read(large, range: 0..<large.blob.bytes)
        else {
            Issue.record("whole")
            return
        }
        await #expect(throws: SealError.self) {
            for piece in reader.pieces(of: range) { _ = try await reader.read(piece) }
        }
        #expect(care.queue.count == 1)
        try await care.repairing {
            while care.queue.count > 0 { try await Task.sleep(for: .milliseconds(1)) }
        }
        let ref = VersionRef(asset: large.blob.sealedAs.asset, number: .first)
        let now = try #require(try await care.catalog.version(ref)?.renditions[0])
        #expect(now.blob.id != large.blob.id)
        #expect(try await care.plaintext(of: now.blob).count == large.blob.bytes)
    }

    /// A version whose first rendition is what `renderer` makes.
    private func enlarge(
        _ version: AssetVersion,
        in care: CareHarness,
        with renderer: PaddingRenderer
    ) async throws -> Rendition {
        let ref = VersionRef(asset: .make(), number: .first)
        let source = Samples.version(of: ref.asset, presets: version.presets, source: version.source)
        _ = try await care.catalog.begin(source, terms: CommitTerms())
        let outcome = try await renderer.base.render(
            RenderJob(format: .jpeg, limits: PictureLimits(), presets: version.presets),
            source: WholePicture(bytes: version.source.bytes),
            priority: .upload
        )
        var renditions: [Rendition] = []
        for picture in outcome.renditions {
            let identity = BlobIdentity(
                tenant: .default,
                version: ref,
                variant: "\(picture.preset.name).webp",
                mediaType: "image/webp",
                createdAt: Samples.moment
            )
            let bytes = picture.bytes + [UInt8](repeating: 7, count: renderer.padding)
            let blob = try await care.vault.put(bytes, as: identity, madeFrom: version.source.id)
            care.vault.settle([blob.id])
            renditions.append(Rendition(preset: picture.preset, size: picture.size, blob: blob))
        }
        let size = PictureSize(width: 1, height: 1)
        let ready = try await care.catalog.complete(ref, sourceSize: size, renditions: renditions, quota: .none)
        return ready.renditions[0]
    }
}

/// A picture of that many bytes.
private struct WholePicture: PictureSource {
    let bytes: Int

    func opening() -> [UInt8] { [] }

    func forEachChunk(_ body: ([UInt8]) async throws -> Void) async throws {
        try await body(Samples.bytes(self.bytes))
    }
}
