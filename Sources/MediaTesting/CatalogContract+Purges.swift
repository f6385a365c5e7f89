import FoundationEssentials
package import MediaModel

// The purge outbox.

extension CatalogContract {
    /// The targets that a catalog under test must have.
    package static let purgeTargets = ["edge", "hooks"].compactMap { PurgeTargetName($0) }
    private static var edge: PurgeTargetName { Self.purgeTargets[0] }

    static let purges = [
        CatalogContract("each change of latest writes a record for each target", reopening: checkLatestPurges),
        CatalogContract("deleting and its undoing write a record for each target", reopening: checkDeletePurges),
        CatalogContract("a deletion names the recipes without a name that were made", checkOneOffPurges),
        CatalogContract("what changes nothing, or is refused, writes no record", checkNoPurges),
        CatalogContract("a purge that failed is due later, one that was sent is gone", checkSettledPurges),
        CatalogContract("an asset's purges are due in the order of its changes", checkPurgeOrder),
        CatalogContract("a purge that is to be sent twice holds none up and is no lag", checkPurgeAgain),
        CatalogContract("a purge may be asked for", checkRequestedPurge),
        CatalogContract("purges that wait after a failure can be made due", checkHastenedPurges),
        CatalogContract("purges that are too old are given up, the oldest first", checkGivenUpPurges),
    ]

    /// Each preset in each of its formats, and as the client would have it; made or not.
    private static func purgedURLs(of presets: [String], at folder: String) -> [String] {
        presets.flatMap { ["\(folder)/\($0)", "\(folder)/\($0).jpg", "\(folder)/\($0).webp"] }
    }

    static func checkLatestPurges(_ catalog: any Catalog, _ reopen: Reopen) async throws {
        let start = Date()
        let first = try await catalog.addReady()
        let asset = first.ref.asset
        let small = [try Preset(text: "small:w=64")]
        _ = try await catalog.reserveVersion(of: asset)
        let second = try await catalog.begin(Samples.version(2, of: asset, presets: small))
        _ = try await catalog.finish(second)
        try await catalog.setLatest(first.ref)
        let later = try await reopen()
        let records = try await later.purges(after: nil, limit: 10)
        try expectSame(records.map(\.change), Array(repeating: .latest, count: 6), "three changes, two targets")
        try expectSame(records.map(\.target), Self.purgeTargets + Self.purgeTargets + Self.purgeTargets, "each told")
        try expectSame(Set(records.map(\.asset)), [asset], "of the asset")
        try expectSame(records.map(\.id), records.map(\.id).sorted(), "in the order of the changes")
        let defaults = Self.purgedURLs(of: ["preview", "thumbnail"], at: "/a/\(asset)/latest")
        try expectSame(records[0].paths, defaults, "the first has the URLs of its version")
        let both = (defaults + Self.purgedURLs(of: ["small"], at: "/a/\(asset)/latest")).sorted()
        try expectSame(records[2].paths, both, "the second also those that are gone with it")
        try expectSame(records[4].paths, both, "and so has the way back")
        try expectSame(records[0].keys, ["a.\(asset).latest"], "its tag is that of latest")
        let isNow = records.allSatisfy { $0.createdAt >= start - 1 && $0.dueAt == $0.createdAt && $0.attempts == 0 }
        try expectSame(isNow, true, "all are due when they were made")
        try expectSame(records.contains { $0.sentAt != nil || $0.error != nil }, false, "and nobody has tried")
    }

    static func checkDeletePurges(_ catalog: any Catalog, _ reopen: Reopen) async throws {
        let ready = try await catalog.addReady()
        let asset = ready.ref.asset
        let processing = try await catalog.addProcessing(2, of: asset)
        try await catalog.forgetPurges()
        try await catalog.delete(asset, at: Samples.moment)
        try await catalog.undelete(asset)
        try await catalog.delete(asset, at: Samples.moment(plus: 1))
        _ = try await catalog.erase(asset)
        let later = try await reopen()
        let records = try await later.purges(after: nil, limit: 10)
        let changes: [PurgeChange] = [.deleted, .deleted, .undeleted, .undeleted, .deleted, .deleted]
        try expectSame(records.map(\.change), changes, "one a change and target; erasing is none")
        let paths = ["latest", "v1"].flatMap { version in
            Self.purgedURLs(of: ["preview", "thumbnail"], at: "/a/\(asset)/\(version)")
        }
        try expectSame(Set(records.map(\.paths)), [paths], "all URLs of \(ready.ref), none of \(processing.ref)")
        try expectSame(records[0].keys, ["a.\(asset)"], "the tag is the asset's")
        try expectSame(records[0].createdAt, Samples.moment, "made when it was deleted")
    }

    static func checkOneOffPurges(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let asset = first.ref.asset
        for (version, file) in [(first, "w=64,q=50.jpg"), (try await catalog.addReady(2, of: asset), "w=64.webp")] {
            guard let name = RenditionName(file), let preset = Preset(oneOff: name) else {
                preconditionFailure("'\(file)' is a recipe")
            }
            let blob = Samples.blob(of: version.ref, variant: file, mediaType: name.format.mediaType)
            let size = PictureSize(width: 64, height: 48)
            let rendition = Rendition(preset: preset, size: size, blob: blob)
            _ = try await catalog.keep(rendition, of: version.ref, quota: .none, oneOffsMax: nil)
        }
        try await catalog.forgetPurges()
        try await catalog.setLatest(first.ref)
        try await catalog.delete(asset, at: Samples.moment)
        let records = try await catalog.purges(after: nil, limit: 10).filter { $0.target == Self.edge }
        try expectSame(records.map(\.change), [.latest, .deleted], "both are told")
        let oneOffs = records.map { $0.paths.filter { $0.contains("=") } }
        try expectSame(oneOffs[0], [], "latest has none")
        try expectSame(oneOffs[1], ["/a/\(asset)/v1/w=64,q=50.jpg", "/a/\(asset)/v2/w=64.webp"], "of each version")
    }

    static func checkNoPurges(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let asset = first.ref.asset
        let second = try await catalog.addProcessing(2, of: asset)
        let third = try await catalog.addReady(3, of: asset)
        let refused = try await catalog.addProcessing(4, of: asset)
        try await catalog.forgetPurges()
        _ = try await catalog.finish(second)
        try await catalog.setLatest(third.ref)
        try await expectCatalogError(.conflict, "what is not ready") { try await catalog.setLatest(refused.ref) }
        try await expectCatalogError(.quotaExceeded, "what is too much") {
            _ = try await catalog.complete(
                refused.ref,
                sourceSize: Samples.sourceSize,
                renditions: Samples.renditions(of: refused),
                quota: Quota(bytes: 1, files: nil)
            )
        }
        try await expectCatalogError(.conflict, "what is not deleted") { try await catalog.undelete(asset) }
        try await expectCatalogError(.unknownAsset, "what is not there") {
            try await catalog.delete(.make(), at: Samples.moment)
        }
        try expectSame(try await catalog.purges(after: nil, limit: 10), [], "nothing is written")
        try await catalog.delete(asset, at: Samples.moment)
        try await catalog.forgetPurges()
        try await catalog.delete(asset, at: Samples.moment)
        try expectSame(try await catalog.purges(after: nil, limit: 10), [], "nor by deleting what is deleted")
    }

    static func checkSettledPurges(_ catalog: any Catalog) async throws {
        let assets = [Samples.assetID(1), Samples.assetID(2)]
        for asset in assets { _ = try await catalog.addReady(of: asset) }
        let now = Date() + 60
        let due = try await catalog.purges(to: Self.edge, due: now, limit: 10)
        try expectSame(due.map(\.asset), assets, "both are due")
        let isNoneDue = try await catalog.purges(to: Self.edge, due: due[0].dueAt - 1, limit: 10).isEmpty
        try expectSame(isNoneDue, true, "none before it was made")
        let retry = Samples.moment + 100_000
        try await catalog.settle([.done(due[0].id), .failed(due[1].id, error: "unreachable", dueAt: retry)])
        let left = try await catalog.purges(after: nil, limit: 10).filter { $0.target == Self.edge }
        try expectSame(left.map(\.id), [due[1].id], "what is done is gone")
        try expectSame(left.map(\.attempts), [1], "an attempt is counted")
        try expectSame(left.map(\.error), ["unreachable"], "with its reason")
        try expectSame(try await catalog.nextPurge(to: Self.edge), retry, "and when the next is due")
        let lag = try await catalog.purgeLag(of: Self.edge)
        try expectSame(lag, PurgeLag(pending: 1, oldest: due[1].createdAt), "it waits")
        try await catalog.settle([.done(due[1].id), .done(due[1].id), .failed(due[0].id, error: "x", dueAt: now)])
        try expectSame(try await catalog.purgeLag(of: Self.edge), .none, "what is gone is passed over")
        try expectSame(try await catalog.nextPurge(to: Self.edge), nil, "nothing is due any more")
        let others = try await catalog.purgeLag(of: Self.purgeTargets[1])
        try expectSame(others.pending, 2, "the other target has its own")
    }

    static func checkPurgeOrder(_ catalog: any Catalog) async throws {
        let (busy, calm) = (Samples.assetID(1), Samples.assetID(2))
        _ = try await catalog.addReady(of: busy)
        try await catalog.delete(busy, at: Date())
        _ = try await catalog.addReady(of: calm)
        let now = Date() + 60
        let all = try await catalog.purges(to: Self.edge, due: now, limit: 10)
        try expectSame(all.map(\.asset), [busy, calm], "the earliest of each asset")
        try expectSame(all.map(\.change), [.latest, .latest], "and that is not the deletion")
        try await catalog.settle([.failed(all[0].id, error: "x", dueAt: now + 10)])
        let due = try await catalog.purges(to: Self.edge, due: now, limit: 10)
        try expectSame(due.map(\.asset), [calm], "an earlier one holds up its asset alone")
        let others = try await catalog.purges(to: Self.purgeTargets[1], due: now, limit: 10)
        try expectSame(others.map(\.asset), [busy, calm], "and its target alone")
        let afterwards = try await catalog.purges(to: Self.edge, due: now + 10, limit: 10)
        try expectSame(afterwards.map(\.id), [all[1].id, all[0].id], "the later one comes after it")
        try await catalog.settle([.done(all[0].id)])
        let then = try await catalog.purges(to: Self.edge, due: now, limit: 10)
        try expectSame(then.map(\.asset), [busy, calm], "when that is done")
        try expectSame(then.map(\.change), [.deleted, .latest], "and that is the deletion")
        let one = try await catalog.purges(to: Self.edge, due: now, limit: 1)
        try expectSame(one, [then[0]], "a page has its limit")
    }

    static func checkPurgeAgain(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        try await catalog.forgetPurges()
        try await catalog.delete(ready.ref.asset, at: Samples.moment)
        try await catalog.undelete(ready.ref.asset)
        let now = Date() + 60
        let due = try await catalog.purges(to: Self.edge, due: now, limit: 10)
        try await catalog.settle([.failed(due[0].id, error: "x", dueAt: now)])
        try await catalog.settle([.again(due[0].id, sentAt: Samples.moment, dueAt: now + 30)])
        let next = try await catalog.purges(to: Self.edge, due: now, limit: 10)
        try expectSame(due.map(\.change), [.deleted], "one after the other")
        try expectSame(next.map(\.change), [.undeleted], "the later one is free")
        let lag = try await catalog.purgeLag(of: Self.edge)
        try expectSame(lag.pending, 1, "what was sent does not wait")
        let again = try await catalog.purges(to: Self.edge, due: now + 30, limit: 10).first { $0.id == due[0].id }
        try expectSame(again?.sentAt, Samples.moment, "it is due once more")
        try expectSame(again?.attempts, 0, "with nothing against it")
        try expectSame(again?.error, nil, "either")
    }

    static func checkRequestedPurge(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        try await catalog.forgetPurges()
        let count = try await catalog.requestPurge(of: ready.ref.asset, at: Samples.moment)
        try expectSame(count, 2, "one a target")
        let records = try await catalog.purges(after: nil, limit: 10)
        try expectSame(records.map(\.change), [.requested, .requested], "as what they are")
        try expectSame(records[0].paths.count, 12, "with all URLs")
        let rest = try await catalog.purges(after: records[0].id, limit: 10)
        try expectSame(rest, [records[1]], "the next page")
        try await catalog.delete(ready.ref.asset, at: Samples.moment)
        _ = try await catalog.requestPurge(of: ready.ref.asset, at: Samples.moment)
        try await expectCatalogError(.unknownAsset, "of what is there, or was") {
            _ = try await catalog.requestPurge(of: .make(), at: Samples.moment)
        }
    }

    static func checkHastenedPurges(_ catalog: any Catalog) async throws {
        _ = try await catalog.addReady()
        let now = Date() + 60
        let records = try await catalog.purges(after: nil, limit: 10)
        let late = now + 1000
        try await catalog.settle(records.map { .failed($0.id, error: "x", dueAt: late) })
        let one = try await catalog.hastenPurges(to: Self.edge, at: now)
        try expectSame(one, 1, "those of one target")
        try expectSame(try await catalog.purges(to: Self.edge, due: now + 1, limit: 10).count, 1, "are due")
        let other = try await catalog.hastenPurges(to: nil, at: now)
        try expectSame(other, 1, "those of all targets, without what is due")
        let isDue = try await catalog.purges(to: Self.purgeTargets[1], due: now + 1, limit: 10).map(\.attempts)
        try expectSame(isDue, [1], "their failures are not forgotten")
    }

    static func checkGivenUpPurges(_ catalog: any Catalog) async throws {
        let assets = [Samples.assetID(1), Samples.assetID(2)]
        for asset in assets { _ = try await catalog.addReady(of: asset) }
        try await catalog.forgetPurges()
        for (index, asset) in assets.enumerated() {
            try await catalog.delete(asset, at: Samples.moment(plus: index * 1000))
        }
        let none = try await catalog.giveUpPurges(before: Samples.moment, limit: 10)
        try expectSame(none, [], "what is not older stays")
        let one = try await catalog.giveUpPurges(before: Samples.moment + 60, limit: 1)
        try expectSame(one.map(\.asset), [assets[0]], "the oldest first")
        let rest = try await catalog.giveUpPurges(before: Samples.moment(plus: 1000), limit: 10)
        try expectSame(rest.map(\.asset), [assets[0]], "whoever its target")
        let left = try await catalog.purges(after: nil, limit: 10)
        try expectSame(left.map(\.asset), [assets[1], assets[1]], "the others are there")
    }
}

extension Catalog {
    /// Removes what earlier steps have written.
    fileprivate func forgetPurges() async throws {
        try await self.settle(try await self.purges(after: nil, limit: 1000).map { .done($0.id) })
    }
}
