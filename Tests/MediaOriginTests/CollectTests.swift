import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@Suite struct CollectTests {
    @Test func orphansGoByAgeAndNothingElseDoes() async throws {
        let care = try await CareHarness()
        let version = try await care.upload(100)
        let now = Date()
        let old = BlobID.make()
        let young = BlobID.make()
        let future = BlobID.make()
        care.store.put([1, 2], as: old, modifiedAt: now.addingTimeInterval(-7200))
        care.store.put([1], as: young, modifiedAt: now.addingTimeInterval(-60))
        care.store.put([1], as: future, modifiedAt: now.addingTimeInterval(86400))
        let collected = try await care.collect()(now: now, report: care.lines.report)
        #expect(collected.orphans == 1)
        #expect(collected.orphanBytes == 2)
        #expect(care.lines.all.map(\.kind) == [.row, .done])
        #expect(care.lines.all[0].fields["blob"] == "\(old)")
        #expect(care.lines.done?.fields["orphans"] == "1")
        let named = Set([version.source.id] + version.renditions.map(\.blob.id))
        #expect(Set(care.store.blobs.keys) == named.union([young, future]))
        // On request the young one goes, too; a clock that was put back makes no orphan.
        _ = try await care.collect()(orphanAge: .zero, now: now) { _ in }
        #expect(Set(care.store.blobs.keys) == named.union([future]))
    }

    @Test func blobsThatRowsNameStayHoweverOld() async throws {
        let care = try await CareHarness()
        for count in 0..<200 { try await care.upload(100 + count) }
        let collected = try await care.collect()(orphanAge: .zero, now: .distantFuture) { _ in }
        #expect(collected.orphans == 0)
        #expect(care.store.blobs.count == 600)
    }

    @Test func aBlobOnItsWayIsNoOrphan() async throws {
        let care = try await CareHarness()
        let ref = VersionRef(asset: .make(), number: .first)
        let identity = BlobIdentity(
            tenant: .default,
            version: ref,
            variant: "original",
            mediaType: "image/jpeg",
            createdAt: Date()
        )
        let blob = try await care.vault.put([1, 2, 3], as: identity)
        _ = try await care.collect()(orphanAge: .zero, now: .distantFuture) { _ in }
        #expect(care.store.blobs.keys.contains(blob.id))
        // Given up without a row, and not removed: then it is one.
        care.vault.settle([blob.id])
        _ = try await care.collect()(orphanAge: .zero, now: .distantFuture) { _ in }
        #expect(care.store.blobs.isEmpty)
    }

    /// The moment between publishing a blob and committing its row, hit by chance over and over.
    @Test func uploadsDuringACollectionOfAllAgesLoseNothing() async throws {
        let care = try await CareHarness()
        let versions = try await withThrowingTaskGroup(of: [AssetVersion].self) { group in
            for task in 0..<4 {
                group.addTask {
                    var versions: [AssetVersion] = []
                    for step in 0..<25 { versions.append(try await care.upload(200 + task * 100 + step)) }
                    return versions
                }
            }
            let collecting = Task {
                while !Task.isCancelled {
                    _ = try await care.collect()(orphanAge: .zero, now: .distantFuture) { _ in }
                }
            }
            let all = try await group.reduce(into: []) { $0 += $1 }
            collecting.cancel()
            _ = await collecting.result
            return all
        }
        #expect(versions.count == 100)
        for version in versions {
            for blob in [version.source] + version.renditions.map(\.blob) {
                #expect(try await care.plaintext(of: blob).count == blob.bytes)
            }
        }
        #expect(try await care.expectNothingDangles())
    }

    @Test func whatIsOverIsErasedAndFreed() async throws {
        let care = try await CareHarness()
        let key = try #require(IdempotencyKey("once"))
        let version = try await care.upload(100, key: key)
        let kept = try await care.upload(200)
        try await care.remove(version.ref.asset, immediately: false)
        let collected = try await care.collect()(now: Date(timeIntervalSinceNow: 60)) { _ in }
        #expect(collected.isEmpty)
        let later = try await care.collect()(now: Date(timeIntervalSinceNow: 90_000), report: care.lines.report)
        #expect(later.erased == 1)
        #expect(care.lines.done?.fields["erased"] == "1")
        #expect(try await care.catalog.standing(of: version.ref.asset) == .erased)
        #expect(care.catalog.blobs == Set([kept.source.id] + kept.renditions.map(\.blob.id)))
        #expect(Set(care.store.blobs.keys) == care.catalog.blobs)
    }

    @Test func oldIdempotencyKeysAreFreed() async throws {
        let care = try await CareHarness()
        let key = try #require(IdempotencyKey("once"))
        try await care.upload(100, key: key)
        let early = try await care.collect()(now: Date(timeIntervalSinceNow: 80_000)) { _ in }
        #expect(early.idempotencyKeys == 0)
        let late = try await care.collect()(now: Date(timeIntervalSinceNow: 90_000)) { _ in }
        #expect(late.idempotencyKeys == 1)
        #expect(try await care.catalog.upload(under: key, of: .default) == nil)
    }

    @Test func theQuarantineIsEmptiedOnlyWhereAskedFor() async throws {
        let care = try await CareHarness()
        let id = BlobID.make()
        care.store.put([1], as: id)
        try await care.store.quarantine(id)
        _ = try await care.collect()(now: .distantFuture) { _ in }
        #expect(care.store.quarantinedBlobs.count == 1)
        let policy = CollectPolicy(quarantineAge: .seconds(3600))
        var collected = try await care.collect(policy)(now: Date(timeIntervalSinceNow: 1800)) { _ in }
        #expect(collected.quarantined == 0)
        collected = try await care.collect(policy)(now: Date(timeIntervalSinceNow: 7200)) { _ in }
        #expect(collected.quarantined == 1)
        #expect(care.store.quarantinedBlobs.isEmpty)
    }

    @Test(arguments: [false, true], [false, true])
    func whicheverCallFailsNothingThatIsNamedGoes(inStore: Bool, isSticky: Bool) async throws {
        for call in 1...60 {
            let care = try await CareHarness()
            let kept = try await care.upload(100)
            let gone = try await care.upload(200)
            try await care.remove(gone.ref.asset, immediately: false)
            care.store.put([1], as: .make(), modifiedAt: Samples.moment)
            let plan = FaultPlan(failAt: call, isSticky: isSticky)
            if inStore { care.store.inject(plan) } else { care.catalog.inject(plan) }
            let now = Date(timeIntervalSinceNow: 90_000)
            let result: Result<Collected, any Error>
            do {
                result = .success(try await care.collect()(now: now) { _ in })
            } catch {
                result = .failure(error)
            }
            let calls = inStore ? care.store.calls : care.catalog.calls
            care.store.inject(nil)
            care.catalog.inject(nil)
            for blob in [kept.source] + kept.renditions.map(\.blob) {
                #expect(try await care.plaintext(of: blob).count == blob.bytes)
            }
            #expect(try await care.expectNothingDangles())
            if calls < call {
                let collected = try result.get()
                #expect(collected.erased == 1)
                #expect(collected.orphans == 1)
                #expect(call > 4)
                return
            }
        }
        Issue.record("the collection never got through")
    }
}
