import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

@Suite("Envelope keys", .timeLimit(.minutes(5))) struct EnvelopeKeysTests {
    let harness = KeysHarness()

    private var fake: FakeKeyProvider { self.harness.provider.base }
    private static let away = KeyError(.unreachable, detail: "test")

    // Herds.

    @Test("of a tenant without one: a hundred callers at once get the same, which was made once")
    func oneEpochForAll() async throws {
        let keys = try await self.harness.open(for: [])
        self.fake.setDelay(.milliseconds(20))
        let ids = try await withThrowingTaskGroup(of: EnvelopeKeyID.self) { group in
            for _ in 0..<100 { group.addTask { try await keys.current(for: .default).id } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(self.fake.calls(.makeKey) == 1)
        #expect(try await self.harness.catalog.envelopeKeys().map(\.id) == Array(ids))
        #expect(self.harness.mirror.records.map(\.id) == Array(ids))
    }

    @Test("that are wanted by a hundred readers at once are opened once")
    func oneUnwrapForAll() async throws {
        let id = try await self.harness.open().current(for: .default).id
        let restarted = try await self.harness.open(for: [])
        self.fake.setDelay(.milliseconds(20))
        let before = self.fake.calls(.unwrap)
        let ids = try await withThrowingTaskGroup(of: EnvelopeKeyID.self) { group in
            for _ in 0..<100 { group.addTask { try await restarted.key(id).id } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids == [id])
        #expect(self.fake.calls(.unwrap) == before + 1)
    }

    @Test("are had by those who wait on, also when the first who asked is gone")
    func cancellation() async throws {
        let id = try await self.harness.open().current(for: .default).id
        let restarted = try await self.harness.open(for: [])
        // Longer than it takes until the first is cancelled, on a machine that is busy.
        self.fake.setDelay(.seconds(5))
        let before = self.fake.calls(.unwrap)
        let first = Task { try await restarted.key(id) }
        try await eventually { self.fake.calls(.unwrap) == before + 1 }
        let others = (0..<5).map { _ in Task { try await restarted.key(id) } }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        for other in others { #expect(try await other.value.id == id) }
        #expect(self.fake.calls(.unwrap) == before + 1)
    }

    // A provider that is away.

    @Test("are not ready at a start without the provider, say why, and are once it is there", arguments: [true, false])
    func awayAtStart(hasKeys: Bool) async throws {
        if hasKeys { _ = try await self.harness.open() }
        self.fake.inject(Self.away)
        let keys = try await self.harness.open()
        let reason = #expect(throws: KeyError.self) { try keys.checkHealth() }
        #expect(reason?.code == .unreachable)
        await #expect(throws: KeyError.self) { try await keys.current(for: .default) }
        self.fake.inject(nil)
        let upkeep = Task { await keys.run() }
        try await eventually {
            self.harness.clock.advance(by: .seconds(1))
            return (try? keys.checkHealth()) != nil
        }
        upkeep.cancel()
        await upkeep.value
        _ = try await keys.current(for: .default)
        #expect(try await self.harness.catalog.envelopeKeys().count == 1)
    }

    @Test(
        "that the provider will not open are why the service is not ready",
        arguments: [
            KeyError.Code.unavailable, .mismatch, .disabled, .denied, .throttled,
        ]
    )
    func refusedAtStart(code: KeyError.Code) async throws {
        _ = try await self.harness.open()
        self.fake.inject(KeyError(code, detail: "test"))
        let keys = try await self.harness.open()
        let reason = #expect(throws: KeyError.self) { try keys.checkHealth() }
        #expect(reason?.code == code)
        // Another key in its place would hide that the stored pictures are under keys that do not open.
        self.fake.inject(nil)
        self.harness.clock.advance(by: .seconds(60))
        await keys.tend()
        try keys.checkHealth()
        #expect(self.fake.calls(.makeKey) == 1)
    }

    @Test("that are at hand serve reads and uploads until their hard age, and nothing does after it")
    func warmUntilTheHardAge() async throws {
        let keys = try await self.harness.open()
        let stored = try await self.harness.add(keys)
        self.fake.inject(Self.away)
        for _ in 0..<23 {
            self.harness.clock.advance(by: .seconds(3600))
            await keys.tend()
            try keys.checkHealth()
            _ = try await self.harness.vault(keys).open(stored.source)
            try await self.harness.add(keys)
        }
        #expect(keys.degradation != nil)
        self.harness.clock.advance(by: .seconds(3600))
        await keys.tend()
        let calls = self.harness.store.calls
        let upload = await #expect(throws: KeyError.self) { try await self.harness.add(keys) }
        #expect(upload?.code == .unreachable)
        #expect(self.harness.store.calls == calls, "nothing was written, least of all in plain")
        let read = await #expect(throws: KeyError.self) { try await self.harness.vault(keys).open(stored.source) }
        #expect(read?.code == .unreachable)
        #expect(throws: KeyError.self) { try keys.checkHealth() }
        self.fake.inject(nil)
        self.harness.clock.advance(by: .seconds(30))
        _ = try await self.harness.vault(keys).open(stored.source)
        #expect(keys.degradation == nil)
    }

    @Test("without which nothing was ever stored: a start without the provider refuses uploads and writes nothing")
    func neverPlain() async throws {
        self.fake.inject(Self.away)
        let keys = try await self.harness.open()
        await #expect(throws: KeyError.self) { try await self.harness.add(keys) }
        #expect(self.harness.store.calls == 0)
        #expect(self.harness.store.blobs.isEmpty)
    }

    @Test("are not asked for more often than the provider can bear")
    func throttled() async throws {
        let keys = try await self.harness.open()
        let id = try await keys.current(for: .default).id
        let restarted = try await self.harness.open(for: [])
        self.fake.inject(KeyError(.throttled, detail: "test"))
        let before = self.fake.callsInAll
        // Ten minutes of ten reads and ten uploads a second.
        for _ in 0..<6000 {
            self.harness.clock.advance(by: .milliseconds(100))
            let error = await #expect(throws: KeyError.self) { try await restarted.key(id) }
            #expect(error?.code == .throttled)
            await #expect(throws: KeyError.self) { try await restarted.current(for: Tenant(name: "other")) }
        }
        let calls = self.fake.callsInAll - before
        // Delays of 1 … 2, 2 … 4, 4 … 8, 8 … 16 and from then on 15 … 30 s.
        #expect((600 / 30...600 / 15 + 5).contains(calls), "\(calls) calls")
    }

    @Test("whose access was taken away are kept until their hard age, and that is told")
    func revoked() async throws {
        let keys = try await self.harness.open()
        let stored = try await self.harness.add(keys)
        self.fake.inject(KeyError(.disabled, detail: "test"))
        self.harness.clock.advance(by: .seconds(3599))
        await keys.tend()
        #expect(keys.degradation == nil, "it is not asked again before the soft age")
        self.harness.clock.advance(by: .seconds(1))
        await keys.tend()
        #expect((keys.degradation as? KeyError)?.code == .disabled)
        try keys.checkHealth()
        _ = try await self.harness.vault(keys).open(stored.source)
        self.harness.clock.advance(by: .seconds(23 * 3600))
        await keys.tend()
        let reason = #expect(throws: KeyError.self) { try keys.checkHealth() }
        #expect(reason?.code == .disabled)
        #expect(keys.statistics.cached == 0)
        await #expect(throws: KeyError.self) { try await self.harness.vault(keys).open(stored.source) }
    }

    @Test("that are used are opened again in the background, once a soft age")
    func refreshed() async throws {
        let keys = try await self.harness.open()
        let id = try await keys.current(for: .default).id
        let before = self.fake.calls(.unwrap)
        for _ in 0..<48 {
            self.harness.clock.advance(by: .seconds(1800))
            await keys.tend()
            _ = try await keys.key(id)
        }
        #expect((23...24).contains(self.fake.calls(.unwrap) - before))
        #expect(keys.statistics.sinceProviderSuccess ?? .seconds(9999) <= .seconds(3600))
    }

    // Epochs.

    @Test("are followed by new ones after an epoch, and still open what is under them")
    func epochs() async throws {
        let keys = try await self.harness.open()
        let first = try await self.harness.add(keys)
        self.harness.clock.advance(by: .milliseconds(24 * 3_600_000 - 1))
        #expect(try await keys.current(for: .default).id == first.source.envelopeKey)
        self.harness.clock.advance(by: .milliseconds(1))
        let second = try await self.harness.add(keys)
        #expect(second.source.envelopeKey != first.source.envelopeKey)
        _ = try await self.harness.vault(keys).open(first.source)
        let rows = try await self.harness.catalog.envelopeKeys()
        #expect(self.harness.mirror.records == rows)
        #expect(try await self.harness.readEverything().count == 6)
    }

    @Test("are followed by new ones after so many blobs")
    func epochOfBlobs() async throws {
        let keys = try await self.harness.open(policy: EnvelopeKeyPolicy(epochBlobsMax: 10))
        var uses: [EnvelopeKeyID: Int] = [:]
        for _ in 0..<35 { uses[try await keys.current(for: .default).id, default: 0] += 1 }
        #expect(uses.values.sorted() == [5, 10, 10, 10])
    }

    @Test("go on after their epoch while the provider is away, but for 90 days at most")
    func epochOverWhileAway() async throws {
        let keys = try await self.harness.open(policy: EnvelopeKeyPolicy(hardAge: .seconds(200 * 24 * 3600)))
        let id = try await keys.current(for: .default).id
        self.fake.inject(Self.away)
        for _ in 0..<89 {
            self.harness.clock.advance(by: .seconds(24 * 3600))
            #expect(try await keys.current(for: .default).id == id)
        }
        self.harness.clock.advance(by: .seconds(24 * 3600))
        let error = await #expect(throws: KeyError.self) { try await keys.current(for: .default) }
        #expect(error?.code == .unreachable)
        _ = try await keys.key(id)
        self.fake.inject(nil)
        self.harness.clock.advance(by: .seconds(30))
        #expect(try await keys.current(for: .default).id != id)
    }

    @Test("follow each other also where the calendar was set back")
    func calendarSetBack() async throws {
        let keys = try await self.harness.open()
        let first = try await keys.current(for: .default).id
        self.harness.clock.setDate(Samples.moment.addingTimeInterval(-1_000_000))
        #expect(try await keys.current(for: .default).id == first)
        let second = try await Rotate(keys: keys)(.default, Lines().report)
        #expect(try await keys.current(for: .default).id == second)
        #expect(first.isOlder(than: second))
        #expect(try await self.harness.open().current(for: .default).id == second)
    }

    @Test("of one tenant are no other's")
    func tenants() async throws {
        let keys = try await self.harness.open()
        let other = Tenant(name: "other")
        let ids = [try await keys.current(for: .default).id, try await keys.current(for: other).id]
        #expect(Set(ids).count == 2)
        #expect(try await keys.current(for: other).id == ids[1])
        let restarted = try await self.harness.open(for: [.default, other])
        #expect(try await restarted.current(for: .default).id == ids[0])
        #expect(try await restarted.current(for: other).id == ids[1])
    }

    // The mirror.

    @Test("are in the mirror and in the catalog before anything is under them", arguments: ["mirror", "catalog"])
    func bothOrNeither(failing: String) async throws {
        let keys = try await self.harness.open(for: [])
        if failing == "mirror" {
            self.harness.mirror.inject(FaultPlan(failAt: 1, isSticky: true))
        } else {
            self.harness.catalog.inject(FaultPlan(failAt: 1, isSticky: true))
        }
        await #expect(throws: (any Error).self) { try await self.harness.add(keys) }
        #expect(self.harness.store.calls == 0)
        self.harness.mirror.inject(nil)
        self.harness.catalog.inject(nil)
        self.harness.clock.advance(by: .seconds(30))
        let version = try await self.harness.add(keys)
        #expect(try await self.harness.catalog.envelopeKeys().map(\.id) == [version.source.envelopeKey])
        #expect(self.harness.mirror.records.map(\.id) == [version.source.envelopeKey])
    }

    @Test("are written to a mirror that lacks them, or has them under another root key")
    func mirrorIsMended() async throws {
        _ = try await self.harness.open()
        let rows = try await self.harness.catalog.envelopeKeys()
        try await self.harness.mirror.write([])
        _ = try await self.harness.open()
        #expect(self.harness.mirror.records == rows)
        let wrong = WrappedEnvelopeKey(rootKey: RootKeyID("other"), bytes: [1])
        try await self.harness.mirror.write(
            rows.map { EnvelopeKeyRecord(id: $0.id, tenant: $0.tenant, createdAt: $0.createdAt, wrapped: wrong) }
        )
        _ = try await self.harness.open()
        #expect(self.harness.mirror.records == rows)
        let writes = self.harness.mirror.writes
        _ = try await self.harness.open()
        #expect(self.harness.mirror.writes == writes, "what is right is not written again")
    }

    @Test("of a catalog that was lost stay in the mirror, whatever is made after it")
    func lostCatalog() async throws {
        let version = try await self.harness.add(try await self.harness.open())
        let lost = try await self.harness.catalog.envelopeKeys()
        let bytes = self.harness.store.blobs

        let after = KeysHarness(provider: self.fake, mirrored: self.harness.mirror.records)
        let keys = try await after.open()
        _ = try await Rotate(keys: keys)(.default, Lines().report)
        #expect(keys.strays == lost)
        let rows = try await after.catalog.envelopeKeys()
        #expect(Set(after.mirror.records) == Set(rows + lost))

        // What a rebuild does: the rows come back.
        for record in lost { try await after.catalog.add(record) }
        for (id, blob) in bytes { after.store.put(blob, as: id) }
        let rebuilt = try await after.open()
        _ = try await after.vault(rebuilt).open(version.source)
        #expect(rebuilt.strays.isEmpty)
    }

    @Test("in a mirror that cannot be read stop the start, and it stays as it is")
    func badMirror() async throws {
        let mirror = BadMirror()
        await #expect(throws: KeyError.self) {
            try await EnvelopeKeys.open(
                for: [.default],
                catalog: self.harness.catalog,
                provider: self.harness.provider,
                mirror: mirror,
                storageFailure: StorageFailure { _ in }
            )
        }
    }

    private struct BadMirror: EnvelopeKeyMirror {
        func read() async throws -> [EnvelopeKeyRecord] { throw KeyError(.badMirror, detail: "test") }
        func write(_ records: [EnvelopeKeyRecord]) async throws { Issue.record("it was overwritten") }
    }

    @Test("that could not be made durable end the process")
    func syncFailure() async throws {
        let failures = Lines()
        self.harness.mirror.inject(
            FaultPlan(failAt: 2, isSticky: true),
            error: BlobStoreError(.syncFailed, detail: "test")
        )
        let keys = try await EnvelopeKeys.open(
            for: [.default],
            catalog: self.harness.catalog,
            provider: self.harness.provider,
            mirror: self.harness.mirror,
            storageFailure: StorageFailure { detail in
                let line = OperationLine(.failed, detail)
                Task { await failures.report(line) }
            },
            clock: self.harness.clock.keyClock
        )
        try await eventually { failures.last?.text == "test" }
        #expect(throws: BlobStoreError.self) { try keys.checkHealth() }
    }

    // Former keys.

    @Test("of before there were root keys open what is under them, and nothing new goes there")
    func formerKeys() async throws {
        let former = FixedEnvelopeKeys.key("k1")
        let record = EnvelopeKeyRecord(id: former.id, tenant: .default, createdAt: Samples.moment, wrapped: nil)
        let harness = KeysHarness(provider: FakeKeyProvider(former: [former]), keys: [record])
        let keys = try await harness.open()
        #expect(try await keys.key(former.id).withBytes { Array($0) } == former.withBytes { Array($0) })
        #expect(try await keys.current(for: .default).id != former.id)
        #expect(harness.mirror.records.contains(record))
    }

    @Test("that the catalog does not know are not there, and the provider is not asked")
    func unknown() async throws {
        let keys = try await self.harness.open()
        let calls = self.fake.callsInAll
        let error = await #expect(throws: KeyError.self) { try await keys.key(EnvelopeKeyID("nobodys")) }
        #expect(error?.code == .unavailable)
        #expect(self.fake.callsInAll == calls)
        #expect(keys.degradation == nil)
    }
}
