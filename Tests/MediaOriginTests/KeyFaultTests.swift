import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

/// RELIABILITY §1.4's loop on keys: whichever call of the catalog, the mirror, the provider or the store fails, once or
/// for good (as at a crash), a fresh start opens every blob, and the same operation, run again, does the rest.
@Suite("A failing call", .timeLimit(.minutes(5))) struct KeyFaultTests {
    enum Part: String, CaseIterable, Sendable {
        case catalog
        case mirror
        case provider
        case store
    }

    struct Sweep: Sendable, CustomTestStringConvertible {
        let part: Part
        let isSticky: Bool
        /// Whether what fails was done all the same.
        var takesEffect = false
        /// Whether the process ends with the failure, or goes on.
        let restarts: Bool

        var testDescription: String {
            "of the \(self.part.rawValue), \(self.isSticky ? "staying" : "once"), "
                + (self.takesEffect ? "with its effect, " : "")
                + (self.restarts ? "and a restart" : "and no restart")
        }
    }

    private static let sound = Part.allCases.flatMap { part in
        [false, true].flatMap { isSticky in
            [false, true].map { Sweep(part: part, isSticky: isSticky, restarts: $0) }
        }
    }
    static let sweeps =
        Self.sound
        + [false, true].flatMap { isSticky in
            [false, true].map { Sweep(part: .catalog, isSticky: isSticky, takesEffect: true, restarts: $0) }
        }

    private static func inject(_ plan: FaultPlan?, _ sweep: Sweep, _ harness: KeysHarness) {
        switch sweep.part {
        case .catalog: harness.catalog.inject(plan, takesEffect: sweep.takesEffect)
        case .mirror: harness.mirror.inject(plan)
        case .provider: harness.provider.inject(plan)
        case .store: harness.store.inject(plan)
        }
    }

    /// Calls since the fault was injected.
    private static func calls(_ part: Part, of harness: KeysHarness) -> Int {
        switch part {
        case .catalog: harness.catalog.calls
        case .mirror: harness.mirror.calls
        case .provider: harness.provider.calls
        case .store: harness.store.calls
        }
    }

    /// Runs `operation` once for every call of `part` that it makes, with that call failing.
    ///
    /// - Returns: how many calls failed, one a run.
    private func sweep(
        _ sweep: Sweep,
        operation: (KeysHarness, EnvelopeKeys) async throws -> Void,
        check: (KeysHarness, EnvelopeKeys) async throws -> Void
    ) async throws -> Int {
        for call in 1...1000 {
            let harness = KeysHarness()
            let keys = try await harness.open()
            for _ in 0..<2 { try await harness.add(keys, bytes: 100) }
            _ = try await Rotate(keys: keys)(.default, Lines().report)
            try await harness.add(keys, bytes: 100, isReady: false)
            let digests = try await harness.readEverything()
            #expect(digests.count == 7)

            Self.inject(FaultPlan(failAt: call, isSticky: sweep.isSticky), sweep, harness)
            try? await operation(harness, keys)
            let isOver = Self.calls(sweep.part, of: harness) < call
            Self.inject(nil, sweep, harness)

            let context: Comment = "call \(call)"
            harness.clock.advance(by: .seconds(60))
            let after = sweep.restarts ? try await harness.open() : keys
            #expect(try await harness.readEverything(after) == digests, context)
            #expect(harness.store.draftsOpen == 0, context)
            #expect(harness.catalog.blobs.isSubset(of: harness.store.blobs.keys), context)
            try await harness.add(after, bytes: 100)
            try await operation(harness, after)
            try after.checkHealth()
            let digestsAfter = try await harness.readEverything(after)
            #expect(digests.allSatisfy { digestsAfter[$0.key] == $0.value }, context)
            try await check(harness, after)
            try await harness.readEverything()
            if isOver { return call - 1 }
        }
        Issue.record("it never got through")
        return 0
    }

    @Test("while a key is made loses none", arguments: sweeps.filter { $0.part != .store })
    func rotate(_ sweep: Sweep) async throws {
        let failed = try await self.sweep(sweep) { harness, keys in
            _ = try await Rotate(keys: keys)(.default, Lines().report)
        } check: { harness, _ in
            let rows = try await harness.catalog.envelopeKeys()
            #expect(Set(rows).isSubset(of: harness.mirror.records))
        }
        #expect(failed == 1)
    }

    @Test("while data keys and envelope keys are wrapped anew loses none", arguments: sweeps)
    func rewrap(_ sweep: Sweep) async throws {
        let failed = try await self.sweep(sweep) { harness, keys in
            _ = try await Rotate(keys: keys).root(Lines().report)
            _ = try await Rotate(keys: keys)(.default, Lines().report)
            let lines = Lines()
            try await harness.rewrap(keys)(lines.report)
            #expect(lines.last?.kind == .done || lines.of(.finding).count > 0)
        } check: { harness, keys in
            let rows = try await harness.catalog.envelopeKeys()
            #expect(Set(rows.map(\.wrapped?.rootKey)) == [harness.provider.base.roots[0]])
            #expect(try await harness.catalog.blobCounts().count == 1)
            for record in rows.dropFirst() {
                let lines = Lines()
                try await harness.retire(keys)(record.id.description, lines.report)
                #expect(lines.last?.kind == .done)
            }
            for stray in keys.strays { try await harness.retire(keys)(stray.id.description, Lines().report) }
            for root in harness.provider.base.roots.dropFirst() {
                let lines = Lines()
                try await harness.retire(keys)(root.description, lines.report)
                #expect(lines.last?.kind == .done, "\(lines.last?.text ?? "")")
            }
        }
        #expect(failed > 0)
    }

    @Test("while blobs are sealed anew loses none, and leaves no more than orphans", arguments: sweeps)
    func reseal(_ sweep: Sweep) async throws {
        let failed = try await self.sweep(sweep) { harness, keys in
            // The current one among them, which is followed by another first.
            let stolen = try await harness.catalog.blobCounts().keys.sorted { $0.description > $1.description }
            for id in stolen { try await Self.reseal(id, harness, keys) }
        } check: { harness, keys in
            let vault = harness.vault(keys)
            let collect = Collect(
                catalog: harness.catalog,
                vault: vault,
                removal: Remove(
                    catalog: harness.catalog,
                    vault: vault,
                    cache: RenditionCache(bytesMax: 0),
                    grace: .zero
                )
            )
            _ = try await collect(orphanAge: .zero, now: .distantFuture, report: Lines().report)
            #expect(Set(harness.store.blobs.keys) == harness.catalog.blobs)
        }
        #expect(failed > 0)
    }

    private static func reseal(_ id: EnvelopeKeyID, _ harness: KeysHarness, _ keys: EnvelopeKeys) async throws {
        let reseal = harness.reseal(keys)
        let time = Task {
            while !Task.isCancelled {
                if harness.clock.sleepers > 0 { harness.clock.advance(by: .seconds(60)) }
                await Task.yield()
            }
        }
        defer { time.cancel() }
        try await reseal(id, Lines().report)
    }
}
