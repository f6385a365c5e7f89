import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaOrigin

/// New URLs are pulled through the CDN, and nobody waits for that.
@Suite(.timeLimit(.minutes(5))) struct WarmTests {
    /// A CDN that a test looks into.
    private final class Puller: CachePulling {
        private struct State {
            var paths: [String] = []
            var inFlight = 0
            var inFlightMax = 0
        }

        private let state = Mutex(State())
        private let isOpen: Atomic<Bool>
        private let fails: Bool

        init(isOpen: Bool = true, fails: Bool = false) {
            self.isOpen = Atomic(isOpen)
            self.fails = fails
        }

        var paths: [String] { self.state.withLock { $0.paths } }
        var inFlightMax: Int { self.state.withLock { $0.inFlightMax } }

        func open() { self.isOpen.store(true, ordering: .releasing) }

        func pull(_ path: String) async throws -> CacheOutcome {
            self.state.withLock { state in
                state.paths.append(path)
                state.inFlight += 1
                state.inFlightMax = max(state.inFlightMax, state.inFlight)
            }
            defer { self.state.withLock { $0.inFlight -= 1 } }
            while !self.isOpen.load(ordering: .acquiring) { try await Task.sleep(for: .milliseconds(2)) }
            if self.fails { throw CachePullError("away") }
            return .miss
        }
    }

    private static let asset = Samples.assetID(1)

    private static func told(_ change: PurgeChange, _ paths: [String]) -> PurgeRecord {
        PurgeRecord(
            id: 1,
            target: CatalogContract.purgeTargets[0],
            asset: Self.asset,
            change: change,
            paths: paths,
            createdAt: Samples.moment,
            dueAt: Samples.moment
        )
    }

    /// A path of `latest`. Of presets, as many as there are numbers.
    private static func path(_ number: Int, _ format: RenditionFormat? = .webp) throws -> String {
        let preset = try #require(PresetName("p\(number)"))
        return DeliveryPath(asset: Self.asset, version: .latest, preset: preset, format: format).description
    }

    private static func running(_ warm: Warm, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await warm.run() }
            try await body()
            group.cancelAll()
        }
    }

    private static func until(_ isSo: () async throws -> Bool) async throws {
        let came = try await comesAbout(isSo)
        try #require(came)
    }

    @Test func latestIsPulledOnceATargetWasToldOfIt() async throws {
        let puller = Puller()
        let warm = Warm(puller, isPurging: true)
        try await Self.running(warm) {
            for (number, change) in PurgeChange.allCases.enumerated() {
                warm.told(Self.told(change, [try Self.path(number)]))
            }
            warm.told(Self.told(.latest, [try Self.path(100)]))
            try await Self.until { puller.paths.contains(try Self.path(100)) }
        }
        let latest = try #require(PurgeChange.allCases.firstIndex(of: .latest))
        #expect(try Set(puller.paths) == [Self.path(latest), Self.path(100)])
    }

    /// To pull it would have it made.
    @Test func whatIsMadeWhenSomebodyWantsItIsNotPulled() async throws {
        let puller = Puller()
        let warm = Warm(puller, isPurging: true)
        try await Self.running(warm) {
            let others = try ([.jpeg, .avif, nil] as [RenditionFormat?]).map { try Self.path(1, $0) }
            warm.told(Self.told(.latest, others + [try Self.path(1)]))
            try await Self.until { !puller.paths.isEmpty && warm.waiting == 0 }
        }
        #expect(try puller.paths == [Self.path(1)])
    }

    @Test func aFailureEndsNothing() async throws {
        let puller = Puller(fails: true)
        let warm = Warm(puller, isPurging: true)
        try await Self.running(warm) {
            warm.told(Self.told(.latest, try (1...50).map { try Self.path($0) }))
            try await Self.until { puller.paths.count == 50 }
        }
    }

    @Test func aCDNThatHangsHoldsUpNobodyAndTheQueueHasAnEnd() async throws {
        let puller = Puller(isOpen: false)
        let warm = Warm(puller, isPurging: true)
        try await Self.running(warm) {
            // Twice what fits: the calls return all the same.
            for number in 0..<(2 * Warm.pathsMax) { warm.told(Self.told(.latest, [try Self.path(number)])) }
            #expect(warm.waiting <= Warm.pathsMax)
            try await Self.until { puller.inFlightMax == Warm.width }
            puller.open()
            try await Self.until { warm.waiting == 0 }
        }
        #expect(puller.inFlightMax == Warm.width)
        // What was on its way, and one that waits for its turn, were not in the queue any more.
        #expect(puller.paths.count <= Warm.pathsMax + Warm.width + 1)
        #expect(puller.paths.count >= Warm.pathsMax)
    }
}
