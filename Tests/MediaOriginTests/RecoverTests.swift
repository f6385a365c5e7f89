import FoundationEssentials
import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@Suite struct RecoverTests {
    let origin = OriginHarness()

    @Test func whatACrashLeftUnfinishedIsFinished() async throws {
        // The state between commit 1 and commit 2.
        let version = try await self.origin.upload(OriginHarness.picture(100), respondsAsync: true)
        let restarted = Backlog()
        let recover = Recover(catalog: self.origin.catalog, vault: self.origin.vault, backlog: restarted)
        try await recover.resume()
        #expect(restarted.count == 1)
        let work = Task {
            await restarted.run(
                width: 1,
                catalog: self.origin.catalog,
                develop: self.origin.develop
            )
        }
        while restarted.count > 0 { try await Task.sleep(for: .milliseconds(1)) }
        work.cancel()
        await work.value
        #expect(try await self.origin.catalog.version(version.ref)?.state == .ready)
    }

    @Test func orphansGoByAgeAndNothingElseDoes() async throws {
        let version = try await self.origin.upload(OriginHarness.picture(100))
        let now = Date()
        let old = BlobID.make()
        let young = BlobID.make()
        let future = BlobID.make()
        self.origin.store.put([1], as: old, modifiedAt: now.addingTimeInterval(-7200))
        self.origin.store.put([1], as: young, modifiedAt: now.addingTimeInterval(-60))
        self.origin.store.put([1], as: future, modifiedAt: now.addingTimeInterval(86400))
        #expect(try await self.origin.recover.collect(olderThan: 3600, now: now) == 1)
        let left = Set(self.origin.store.blobs.keys)
        #expect(left == Set([version.source.id] + version.renditions.map(\.blob.id) + [young, future]))
    }

    @Test func blobsThatRowsNameStayHoweverOld() async throws {
        for count in 0..<300 { _ = try await self.origin.upload(OriginHarness.picture(100 + count)) }
        #expect(try await self.origin.recover.collect(olderThan: 0, now: .distantFuture) == 0)
        #expect(self.origin.store.blobs.count == 900)
    }
}
