import FoundationEssentials
import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaOrigin

@Suite struct ScrubTests {
    private static let day: TimeInterval = 86_400

    private func filled(_ count: Int = 6) async throws -> (CareHarness, [AssetVersion]) {
        let care = try await CareHarness()
        var versions: [AssetVersion] = []
        for index in 0..<count { versions.append(try await care.upload(CareHarness.sizes[index])) }
        return (care, versions)
    }

    @Test func aRoundLooksAtEveryBlobAndSaysSo() async throws {
        let (care, _) = try await self.filled()
        care.store.inject(nil)
        #expect(try await care.scrub().step() == .zero)
        // Opened, its head, and what the head has not, of each of 18 blobs.
        #expect(care.store.calls >= 36)
        let progress = try #require(try await care.catalog.scrubProgress())
        #expect(progress.position == nil)
        #expect(try #require(progress.completedAt) >= progress.startedAt)
        #expect(progress.share == 1)
    }

    @Test func theNextRoundWaitsForItsTime() async throws {
        let (care, _) = try await self.filled()
        _ = try await care.scrub().step()
        let calls = care.store.calls
        #expect(try await care.scrub().step() == Scrub.wakeInterval)
        #expect(care.store.calls == calls)
        let later = Date(timeIntervalSinceNow: 31 * Self.day)
        #expect(try await care.scrub().step(now: later) == .zero)
        #expect(care.store.calls > calls)
    }

    @Test(arguments: DiskFault.allCases)
    func damageIsMendedOrMarked(fault: DiskFault) async throws {
        let (care, versions) = try await self.filled()
        let rendition = versions[2].renditions[1].blob
        let source = versions[4].source
        try await fault.strike(rendition, in: care.store, other: versions[1].source)
        try await fault.strike(source, in: care.store, other: versions[1].source)
        _ = try await care.scrub().step()
        let now = try #require(try await care.catalog.version(versions[2].ref)?.renditions[1].blob)
        #expect(now.id != rendition.id)
        #expect(try await care.plaintext(of: now).count == rendition.bytes)
        #expect(try await care.catalog.damaged(limit: 10) == [DamagedBlob(blob: source, damage: fault.code)])
    }

    @Test func whatIsSoundAgainIsMarkedNoMore() async throws {
        let (care, versions) = try await self.filled()
        try await care.catalog.setDamage("corrupt", of: versions[4].source.id)
        _ = try await care.scrub().step()
        #expect(try await care.catalog.damaged(limit: 10).isEmpty)
    }

    @Test func aDiskThatIsAwayCondemnsNothing() async throws {
        let (care, _) = try await self.filled()
        care.store.inject(FaultPlan(failAt: 1, isSticky: true))
        _ = try await care.scrub().step()
        #expect(try await care.catalog.damaged(limit: 10).isEmpty)
        #expect(care.renderer.jobs.count == 6)
    }

    @Test func itGoesOnWhereItWasAfterARestart() async throws {
        let care = try await CareHarness()
        var versions: [AssetVersion] = []
        for index in 0..<6 { versions.append(try await care.upload(3000 + index)) }
        let ids = versions.flatMap { [$0.source.id] + $0.renditions.map(\.blob.id) }.sorted()
        // So slow that it is cut off on the way: a second for each source.
        let slow = Scrub.Policy(bytesPerSecond: 3000)
        care.store.inject(nil)
        let first = Task { await care.scrub(slow).run() }
        try await eventually { care.store.calls >= 20 }
        first.cancel()
        await first.value
        let progress = try #require(try await care.catalog.scrubProgress())
        let position = try #require(progress.position)
        let index = try #require(ids.firstIndex(of: position))
        #expect(index < ids.count - 1)
        #expect(progress.share > 0 && progress.share < 1)
        #expect(progress.completedAt == nil)
        // What lies behind it is not looked at again, what lies before it is.
        for id in ids.prefix(index + 1) { try await care.store.remove(id) }
        _ = try await care.scrub().step()
        #expect(try await care.catalog.damaged(limit: 10).isEmpty)
        #expect(try await care.catalog.scrubProgress()?.startedAt == progress.startedAt)
    }

    @Test func zeroMeansNever() async throws {
        let (care, _) = try await self.filled()
        care.store.inject(nil)
        #expect(try await care.scrub(Scrub.Policy(bytesPerSecond: 0)).step() == Scrub.wakeInterval)
        #expect(care.store.calls == 0)
        #expect(try await care.catalog.scrubProgress() == nil)
    }

    @Test(arguments: [false, true])
    func whicheverCatalogCallFailsTheNextAttemptFinishes(isSticky: Bool) async throws {
        for call in 1...80 {
            let (care, versions) = try await self.filled(3)
            let blob = versions[1].renditions[0].blob
            try await DiskFault.corrupt.strike(blob, in: care.store, other: blob)
            care.catalog.inject(FaultPlan(failAt: call, isSticky: isSticky))
            _ = try? await care.scrub().step()
            let calls = care.catalog.calls
            care.catalog.inject(nil)
            while try await care.scrub().step() == .zero {}
            #expect(try await care.catalog.scrubProgress()?.completedAt != nil)
            #expect(try await care.verify()(report: { _ in }).findings == 0)
            if calls < call { return }
        }
        Issue.record("the round never got through")
    }

    @Test func aRoundBeginsWhenItIsDueAndNotBefore() {
        let interval = Duration.seconds(30 * Self.day)
        let start = Samples.moment
        let new = ScrubProgress(position: nil, startedAt: start, completedAt: nil)
        #expect(Scrub.turn(after: nil, now: start, interval: interval) == .round(from: new))
        // Cut off: right at the beginning, or in the middle of a second round.
        let middle = ScrubProgress(position: .make(), startedAt: start, completedAt: start.addingTimeInterval(-1))
        for saved in [new, middle] {
            #expect(Scrub.turn(after: saved, now: start, interval: interval) == .round(from: saved))
        }
        let ended = start.addingTimeInterval(3600)
        let done = ScrubProgress(position: nil, startedAt: start, completedAt: ended)
        #expect(Scrub.turn(after: done, now: ended, interval: interval) == .wait(.seconds(30 * Self.day - 3600)))
        let due = start.addingTimeInterval(30 * Self.day)
        let next = ScrubProgress(position: nil, startedAt: due, completedAt: ended)
        #expect(Scrub.turn(after: done, now: due, interval: interval) == .round(from: next))
        // A clock that was put back by years puts nothing off by years.
        let past = start.addingTimeInterval(-3650 * Self.day)
        #expect(Scrub.turn(after: done, now: past, interval: interval) == .wait(interval))
    }
}

@Suite struct BytePaceTests {
    @Test(arguments: [1, 1000, 8 << 20])
    func theRateIsKeptOverAnyTime(bytesPerSecond: Int) {
        var rate = ByteRate<ContinuousClock.Instant>(bytesPerSecond: bytesPerSecond)
        let start = ContinuousClock.now
        var now = start
        var bytes = 0
        for _ in 0..<2000 {
            let piece = Int.random(in: 1...max(1, bytesPerSecond / 10))
            now = now.advanced(by: rate.take(piece, at: now))
            bytes += piece
            // Who is slower than it should be makes up for little of that.
            if Int.random(in: 0..<10) == 0 { now = now.advanced(by: .seconds(5)) }
        }
        let seconds = start.duration(to: now).seconds
        let credit = ByteRate<ContinuousClock.Instant>.credit.seconds
        // The last piece is let through before it is paid for.
        let most = (seconds + credit) * Double(bytesPerSecond) + Double(bytesPerSecond) / 10 + 1
        #expect(Double(bytes) <= most)
    }

    @Test func whoAlwaysWaitsGetsTheWholeRate() {
        var rate = ByteRate<ContinuousClock.Instant>(bytesPerSecond: 1000)
        let start = ContinuousClock.now
        var now = start
        for _ in 0..<1000 { now = now.advanced(by: rate.take(100, at: now)) }
        #expect(start.duration(to: now) == .seconds(100) - .milliseconds(100))
    }

    @Test func aSleepThatLastsTooLongCostsNothing() {
        var rate = ByteRate<ContinuousClock.Instant>(bytesPerSecond: 1000)
        let start = ContinuousClock.now
        var now = start
        for _ in 0..<1000 {
            let wait = rate.take(10, at: now)
            if wait > .zero { now = now.advanced(by: wait + .milliseconds(20)) }
        }
        let seconds = start.duration(to: now).seconds
        #expect(abs(seconds - 10) < 0.2, "\(seconds)")
    }

    @Test func itWaitsByItsClock() async throws {
        let clock = PaceClock()
        let pace = BytePace(bytesPerSecond: 100, clock: clock)
        try await pace.take(50)
        #expect(clock.slept == .zero)
        try await pace.take(50)
        #expect(clock.slept == .milliseconds(500))
        try await pace.take(1)
        #expect(clock.slept == .seconds(1))
    }
}

/// A clock whose sleeps are over at once, and counted.
private final class PaceClock: Clock {
    struct Instant: InstantProtocol {
        let offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - self.offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let offset = Mutex(Duration.zero)

    var slept: Duration { self.offset.withLock { $0 } }
    var now: Instant { Instant(offset: self.slept) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        self.offset.withLock { $0 = max($0, deadline.offset) }
    }
}
