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
        let recover = Recover(catalog: self.origin.catalog, backlog: restarted)
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
}
