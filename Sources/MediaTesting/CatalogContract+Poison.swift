import FoundationEssentials
import MediaModel

// Sources that have cost codec processes.

extension CatalogContract {
    static let poison = [
        CatalogContract("strikes against a source are counted, also across a restart", reopening: checkStrikes),
        CatalogContract("a strike that was not enough is forgotten in time, one that was is not", checkStrikesExpire),
        CatalogContract("sources are listed, the newest strike first", checkPoisonList),
        CatalogContract("what is known against one source is cleared, or against all", checkClearPoison),
        CatalogContract("so many sources are remembered and no more, the worst longest", checkPoisonLimit),
    ]

    private static let crash = "codec-crashed"
    private static let hour: TimeInterval = 3600

    static func checkStrikes(_ catalog: any Catalog, _ reopen: Reopen) async throws {
        let source = Samples.digest(1)
        let nothing = try await catalog.poison(of: source)
        try expectSame(nothing, nil, "nothing is known at first")
        let first = try await catalog.strike(source, reason: Self.crash, at: Samples.moment)
        let expected = PoisonRecord(
            sha256: source,
            strikes: 1,
            firstAt: Samples.moment,
            lastAt: Samples.moment,
            reason: Self.crash
        )
        try expectSame(first, expected, "the first strike")
        try expectSame(first.isQuarantined, false, "one is not enough")
        let later = try await reopen()
        let kept = try await later.poison(of: source)
        try expectSame(kept, expected, "a strike is kept")
        let next = Samples.moment + Self.hour
        let second = try await later.strike(source, reason: "render-deadline", at: next)
        let both = PoisonRecord(
            sha256: source,
            strikes: 2,
            firstAt: Samples.moment,
            lastAt: next,
            reason: "render-deadline"
        )
        try expectSame(second, both, "the second strike")
        try expectSame(second.isQuarantined, true, "two are")
        let other = try await later.poison(of: Samples.digest(2))
        try expectSame(other, nil, "nothing is known against another source")
    }

    static func checkStrikesExpire(_ catalog: any Catalog) async throws {
        let (once, twice) = (Samples.digest(1), Samples.digest(2))
        for source in [once, twice, twice] {
            _ = try await catalog.strike(source, reason: Self.crash, at: Samples.moment)
        }
        let inTime = Samples.moment + PoisonRecord.strikeLifetime
        _ = try await catalog.strike(Samples.digest(3), reason: Self.crash, at: inTime)
        let waiting = try await catalog.poison(of: once)
        try expectSame(waiting?.strikes, 1, "a day is not over")
        let tooLate = inTime + 1
        let again = try await catalog.strike(once, reason: Self.crash, at: tooLate)
        try expectSame(again.strikes, 1, "it begins anew after a day")
        try expectSame(again.firstAt, tooLate, "it begins anew after a day")
        let still = try await catalog.poison(of: twice)
        try expectSame(still?.strikes, 2, "what was enough stays")
    }

    static func checkPoisonList(_ catalog: any Catalog) async throws {
        for index in 1...3 {
            let date = Samples.moment + TimeInterval(index)
            _ = try await catalog.strike(Samples.digest(index), reason: Self.crash, at: date)
        }
        _ = try await catalog.strike(Samples.digest(1), reason: Self.crash, at: Samples.moment + Self.hour)
        let all = try await catalog.poisoned(limit: 10).map(\.sha256)
        try expectSame(all, [1, 3, 2].map { Samples.digest($0) }, "the newest first")
        let some = try await catalog.poisoned(limit: 2).map(\.sha256)
        try expectSame(some, [1, 3].map { Samples.digest($0) }, "no more than asked for")
    }

    static func checkClearPoison(_ catalog: any Catalog) async throws {
        for index in 1...3 {
            _ = try await catalog.strike(Samples.digest(index), reason: Self.crash, at: Samples.moment)
        }
        let one = try await catalog.clearPoison(of: Samples.digest(2))
        try expectSame(one, 1, "one was there")
        let none = try await catalog.clearPoison(of: Samples.digest(2))
        try expectSame(none, 0, "and is no more")
        let left = try await catalog.poisoned(limit: 10).count
        try expectSame(left, 2, "the others stay")
        let rest = try await catalog.clearPoison(of: nil)
        try expectSame(rest, 2, "all")
        let empty = try await catalog.poisoned(limit: 10)
        try expectSame(empty, [], "none is left")
        let anew = try await catalog.strike(Samples.digest(1), reason: Self.crash, at: Samples.moment)
        try expectSame(anew.strikes, 1, "what was cleared begins anew")
    }

    static func checkPoisonLimit(_ catalog: any Catalog) async throws {
        let worst = Samples.digest(1)
        for _ in 0..<2 { _ = try await catalog.strike(worst, reason: Self.crash, at: Samples.moment) }
        func digest(_ index: Int) -> SHA256Digest {
            SHA256Digest(bytes: (0..<32).map { UInt8(truncatingIfNeeded: index >> ($0 * 8)) | ($0 == 31 ? 128 : 0) })
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<PoisonRecord.recordsMax {
                if index >= 64 { try await group.next() }
                group.addTask {
                    let date = Samples.moment + TimeInterval(1 + index)
                    _ = try await catalog.strike(digest(index), reason: Self.crash, at: date)
                }
            }
            try await group.waitForAll()
        }
        let all = try await catalog.poisoned(limit: 2 * PoisonRecord.recordsMax)
        try expectSame(all.count, PoisonRecord.recordsMax, "there is a limit")
        let kept = try await catalog.poison(of: worst)
        try expectSame(kept?.strikes, 2, "what was enough goes last")
        let oldest = try await catalog.poison(of: digest(0))
        try expectSame(oldest, nil, "the oldest of the others is gone")
    }
}
