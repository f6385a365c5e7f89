import FoundationEssentials
import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaOrigin

/// The purge outbox's way out, on a catalog in memory and targets that do as they are told.
@Suite(.timeLimit(.minutes(5))) struct PurgeDeliveryTests {
    private static let names = CatalogContract.purgeTargets
    private static let down = PurgeError(.unreachable, detail: "test")

    private let edge = FakePurgeDriver()
    private let hooks = FakePurgeDriver()
    private let bell = PurgeBell()
    private let catalog: MemoryCatalog

    init() {
        self.catalog = MemoryCatalog(
            keys: [Samples.envelopeKey],
            purgeTargets: Self.names,
            onPurge: { [bell = self.bell] in bell.ring() }
        )
    }

    private static var quick: PurgePolicy {
        var policy = PurgePolicy()
        policy.retryMin = .milliseconds(5)
        policy.retryMax = .milliseconds(40)
        policy.rebound = .zero
        return policy
    }

    private func delivery(_ policy: PurgePolicy = Self.quick) -> PurgeDelivery {
        PurgeDelivery(
            [
                PurgeTarget(name: Self.names[0], driver: self.edge),
                PurgeTarget(name: Self.names[1], driver: self.hooks),
            ],
            catalog: self.catalog,
            policy: policy,
            bell: self.bell
        )
    }

    /// Delivers while `body` runs.
    private func delivering(
        _ policy: PurgePolicy = Self.quick,
        _ body: (PurgeDelivery) async throws -> Void
    ) async throws {
        let delivery = self.delivery(policy)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await delivery.run() }
            try await body(delivery)
            group.cancelAll()
        }
    }

    /// Waits for a state; the suite's time limit is the only bound.
    private func until(_ isSo: () async throws -> Bool) async throws {
        while try await !isSo() { try await Task.sleep(for: .milliseconds(2)) }
    }

    private func untilDelivered() async throws {
        try await self.until { try await self.catalog.purges(after: nil, limit: 1).isEmpty }
    }

    @Test func everyTargetIsToldOfEveryChangeOnce() async throws {
        try await self.delivering { _ in
            let ready = try await self.catalog.addReady()
            try await self.untilDelivered()
            try await self.catalog.delete(ready.ref.asset, at: Date())
            try await self.untilDelivered()
            for driver in [self.edge, self.hooks] {
                #expect(driver.records.map(\.change) == [.latest, .deleted])
                #expect(driver.records.map(\.asset) == [ready.ref.asset, ready.ref.asset])
                #expect(driver.attempts == 2)
            }
        }
    }

    @Test func whatARestartFindsIsSent() async throws {
        _ = try await self.catalog.addReady()
        try await self.delivering { _ in try await self.untilDelivered() }
        #expect(self.edge.records.count == 1)
    }

    @Test func manyGoTogether() async throws {
        for _ in 0..<25 { _ = try await self.catalog.addReady() }
        try await self.delivering { _ in try await self.untilDelivered() }
        #expect(self.edge.batches.map(\.count).sorted() == [5, 10, 10])
    }

    @Test func aDeadTargetHoldsUpNoOther() async throws {
        self.edge.answer { _, _ in throw Self.down }
        try await self.delivering { delivery in
            for _ in 0..<3 { _ = try await self.catalog.addReady() }
            try await self.until { self.hooks.records.count == 3 && self.edge.attempts > 3 }
            #expect(self.edge.records.isEmpty)
            try await self.until { delivery.lags.map(\.lag.pending) == [3, 0] }
            #expect(delivery.lags[0].lag.oldest != nil)
            self.edge.answer { _, _ in }
            try await self.untilDelivered()
            #expect(self.edge.records.count == 3)
            try await self.until { delivery.lags.allSatisfy { $0.lag == .none } }
        }
    }

    @Test func whatWasSentAndNotNotedIsSentAgain() async throws {
        let ready = try await self.catalog.addReady()
        // The target knows; the process dies before it hears of that.
        let told = Mutex(0)
        self.edge.answer { attempt, _ in
            told.withLock { $0 += 1 }
            if attempt == 1 { try await Task.sleep(for: .seconds(3600)) }
        }
        let first = Task { [delivery = self.delivery()] in await delivery.run() }
        try await self.until { told.withLock { $0 } == 1 }
        first.cancel()
        await first.value
        let left = try await self.catalog.purges(after: nil, limit: 10).filter { $0.target == Self.names[0] }
        #expect(left.map(\.asset) == [ready.ref.asset])
        #expect(left.map(\.attempts) == [0])
        try await self.delivering { _ in try await self.untilDelivered() }
        #expect(told.withLock { $0 } == 2)
        #expect(self.edge.records.map(\.asset) == [ready.ref.asset])
    }

    @Test func whatCannotBeNotedIsSentAgain() async throws {
        let ready = try await self.catalog.addReady()
        self.edge.answer { [catalog = self.catalog] attempt, _ in
            if attempt == 1 { catalog.inject(FaultPlan(failAt: 1, isSticky: true)) }
        }
        let target = PurgeTarget(name: Self.names[0], driver: self.edge)
        let lane = PurgeLane(target, catalog: self.catalog, policy: Self.quick)
        let run = Task { await lane.run() }
        // It pauses since the catalog would not take the note, and for nothing else.
        try await self.until { lane.state.withLock { $0.pausedUntil != nil } }
        self.catalog.inject(nil)
        try await self.until {
            try await self.catalog.purges(after: nil, limit: 10).allSatisfy { $0.target != Self.names[0] }
        }
        run.cancel()
        await run.value
        #expect(self.edge.records.map(\.asset) == [ready.ref.asset, ready.ref.asset])
    }

    @Test func anAssetsChangesArriveInTheirOrder() async throws {
        // Every second attempt fails, and takes longer than others.
        self.edge.answer { attempt, _ in
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...4)))
            if attempt.isMultiple(of: 2) { throw Self.down }
        }
        let assets = (1...5).map { Samples.assetID($0) }
        try await self.delivering { _ in
            for asset in assets { _ = try await self.catalog.addReady(of: asset) }
            for _ in 0..<4 {
                for asset in assets {
                    try await self.catalog.delete(asset, at: Date())
                    try await Task.sleep(for: .milliseconds(1))
                    try await self.catalog.undelete(asset)
                }
            }
            try await self.untilDelivered()
        }
        for asset in assets {
            let ids = self.edge.records.filter { $0.asset == asset }.map(\.id)
            #expect(ids == ids.sorted())
            #expect(Set(ids).count == 9)
        }
    }

    @Test func onlySoManyAreOnTheirWay() async throws {
        var policy = Self.quick
        policy.inFlightMax = 2
        self.edge.answer { _, _ in try await Task.sleep(for: .milliseconds(5)) }
        for _ in 0..<60 { _ = try await self.catalog.addReady() }
        try await self.delivering(policy) { _ in try await self.untilDelivered() }
        #expect(self.edge.runningMax == 2)
    }

    @Test func aRefusedRecordIsFoundAndHoldsUpNoOtherAsset() async throws {
        let bad = Samples.assetID(3)
        self.edge.answer { _, records in
            if records.contains(where: { $0.asset == bad }) { throw PurgeError(.refused, detail: "test") }
        }
        for number in 1...5 { _ = try await self.catalog.addReady(of: Samples.assetID(number)) }
        try await self.delivering { _ in
            try await self.until { self.edge.records.count == 4 }
            let left = try await self.catalog.purges(after: nil, limit: 10).filter { $0.target == Self.names[0] }
            #expect(left.map(\.asset) == [bad])
            try await self.until {
                try await self.catalog.purges(after: nil, limit: 10).allSatisfy { $0.attempts > 0 && $0.error != nil }
            }
            _ = try await self.catalog.addReady(of: Samples.assetID(6))
            try await self.until { self.edge.records.count == 5 }
        }
    }

    @Test func aTargetIsLeftAloneForAsLongAsItAsks() async throws {
        self.edge.answer { attempt, _ in
            if attempt == 1 { throw PurgeError(.throttled, detail: "test", retryAfter: .milliseconds(300)) }
        }
        _ = try await self.catalog.addReady()
        let start = ContinuousClock.now
        try await self.delivering { _ in try await self.untilDelivered() }
        #expect(ContinuousClock.now - start >= .milliseconds(300))
        #expect(self.edge.attempts == 2)
    }

    @Test func retryDoesNotWaitForThePause() async throws {
        var policy = Self.quick
        policy.retryMin = .seconds(3600)
        policy.retryMax = .seconds(3600)
        self.edge.answer { attempt, _ in if attempt == 1 { throw Self.down } }
        _ = try await self.catalog.addReady()
        try await self.delivering(policy) { delivery in
            try await self.until {
                try await self.catalog.purges(after: nil, limit: 10).contains { $0.attempts == 1 }
            }
            let lines = Lines()
            try await PurgeList(catalog: self.catalog, delivery: delivery).retry(lines.report)
            #expect(lines.all.last?.fields == ["purges": "1"])
            try await self.untilDelivered()
        }
    }

    @Test func aDeletionIsToldTwice() async throws {
        var policy = Self.quick
        // Longer than a busy machine needs for what is to come before.
        policy.rebound = .seconds(5)
        let ready = try await self.catalog.addReady()
        try await self.delivering(policy) { delivery in
            try await self.untilDelivered()
            try await self.catalog.delete(ready.ref.asset, at: Date())
            try await self.until { self.edge.records.map(\.change) == [.latest, .deleted] }
            // It does not count as waiting, and holds up no other.
            try await self.catalog.undelete(ready.ref.asset)
            try await self.until { self.edge.records.map(\.change).starts(with: [.latest, .deleted, .undeleted]) }
            try await self.untilDelivered()
        }
        #expect(self.edge.records.map(\.change) == [.latest, .deleted, .undeleted, .deleted])
    }

    @Test func whatIsDueIsSentBeforeTheEnd() async throws {
        self.edge.answer { _, _ in try await Task.sleep(for: .milliseconds(5)) }
        for _ in 0..<40 { _ = try await self.catalog.addReady() }
        let delivery = self.delivery()
        delivery.stop()
        await delivery.run()
        #expect(self.edge.records.count == 40)
    }

    @Test func aDeadTargetDoesNotHoldUpTheEnd() async throws {
        var policy = Self.quick
        policy.retryMin = .seconds(3600)
        policy.retryMax = .seconds(3600)
        self.edge.answer { _, _ in throw Self.down }
        _ = try await self.catalog.addReady()
        let delivery = self.delivery(policy)
        delivery.stop()
        await delivery.run()
        #expect(self.edge.attempts == 1)
        #expect(self.hooks.records.count == 1)
    }

    @Test func whatIsTooOldIsGivenUp() async throws {
        var policy = Self.quick
        policy.horizon = .seconds(3600)
        let ready = try await self.catalog.addReady()
        let delivery = self.delivery(policy)
        try await delivery.giveUp(now: Date() + 3500)
        #expect(
            try await self.catalog.purges(after: nil, limit: 10).map(\.asset) == [ready.ref.asset, ready.ref.asset]
        )
        try await delivery.giveUp(now: Date() + 3700)
        #expect(try await self.catalog.purges(after: nil, limit: 10).isEmpty)
    }

    @Test(arguments: [(1, 5.0), (2, 10), (3, 20), (4, 40), (100, 40)])
    func pausesDoubleUpToALimit(failures: Int, milliseconds: Double) {
        let pauses = (0..<50).map { _ in Self.quick.pause(after: failures) / .milliseconds(1) }
        #expect(pauses.allSatisfy { $0 >= milliseconds / 2 && $0 <= milliseconds })
        #expect(Set(pauses).count > 1)
    }
}

/// What `mediactl purges` tells and does.
@Suite struct PurgeListTests {
    private let catalog = MemoryCatalog(keys: [Samples.envelopeKey], purgeTargets: CatalogContract.purgeTargets)

    @Test func waitingAndSentAreToldApart() async throws {
        let ready = try await self.catalog.addReady()
        let records = try await self.catalog.purges(after: nil, limit: 10)
        try await self.catalog.settle([
            .failed(records[0].id, error: "purge: denied, 401", dueAt: Date()),
            .again(records[1].id, sentAt: Date(), dueAt: Date()),
        ])
        let lines = Lines()
        try await PurgeList(catalog: self.catalog, delivery: nil)(lines.report)
        let rows = lines.all.filter { $0.kind == .row }
        #expect(rows.map { $0.fields["state"] } == ["waits", "sent"])
        #expect(rows[0].fields["error"] == "purge: denied, 401")
        #expect(rows[0].fields["asset"] == "\(ready.ref.asset)")
        #expect(lines.all.last?.fields == ["waiting": "1", "sent": "1"])
    }

    @Test func anAssetIsPurgedOnDemand() async throws {
        let ready = try await self.catalog.addReady()
        let lines = Lines()
        try await PurgeList(catalog: self.catalog, delivery: nil).send(ready.ref.asset, lines.report)
        #expect(lines.all.last?.fields["targets"] == "2")
        #expect(try await self.catalog.purges(after: nil, limit: 10).last?.change == .requested)
    }
}

/// What wakes a lane.
@Suite(.timeLimit(.minutes(1))) struct BellTests {
    @Test func aRingBeforeTheWaitIsNotLost() async {
        let bell = Bell()
        bell.ring()
        bell.ring()
        await bell.wait(atMost: .seconds(3600))
        // Once is enough.
        let start = ContinuousClock.now
        await bell.wait(atMost: .milliseconds(20))
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }

    @Test func aRingEndsAWait() async {
        let bell = Bell()
        async let waiting: Void = bell.wait(atMost: .seconds(3600))
        try? await Task.sleep(for: .milliseconds(20))
        bell.ring()
        await waiting
    }

    @Test func cancellingEndsAWait() async {
        let bell = Bell()
        let task = Task { await bell.wait(atMost: .seconds(3600)) }
        try? await Task.sleep(for: .milliseconds(20))
        task.cancel()
        await task.value
    }
}
