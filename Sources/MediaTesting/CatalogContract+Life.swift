import FoundationEssentials
import MediaModel

// From the first ready version to the day an asset is erased.

extension CatalogContract {
    static let life = [
        CatalogContract("latest may be set back, until a newer version is ready", checkSetLatest),
        CatalogContract("latest is set to a ready version only", checkSetLatestRefused),
        CatalogContract("a deleted asset is gone for every reader", checkDeleted),
        CatalogContract("a deleted asset takes no writes", checkDeletedWrites),
        CatalogContract("deleting twice changes nothing", checkDeleteTwice),
        CatalogContract("a deletion can be taken back", checkUndelete),
        CatalogContract("deleted assets are listed by age", checkDeletedList),
        CatalogContract("erasing leaves only that it was there", checkErase),
        CatalogContract("only what is deleted is erased", checkEraseRefused),
        CatalogContract("a life outlives the catalog", reopening: checkLifeReopened),
    ]

    static func checkSetLatest(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let asset = first.ref.asset
        let second = try await catalog.addProcessing(2, of: asset)
        let third = try await catalog.addReady(3, of: asset)
        try expectSame(try await catalog.latest(of: asset), third.ref.number, "the newest is the latest")
        try await catalog.setLatest(first.ref)
        try expectSame(try await catalog.latest(of: asset), first.ref.number, "until another is chosen")
        let found = try await catalog.firstRendition(of: first, .latest)
        try expectSame(found?.ref, first.ref, "which is delivered")
        try expectSame(try await catalog.newestVersion(of: asset), third, "the newest is what it was")
        _ = try await catalog.finish(second)
        let still = try await catalog.latest(of: asset)
        try expectSame(still, first.ref.number, "an older one that becomes ready does not move it")
        try await catalog.setLatest(first.ref)
        let fourth = try await catalog.addReady(4, of: asset)
        try expectSame(try await catalog.latest(of: asset), fourth.ref.number, "a newer one that becomes ready does")
    }

    static func checkSetLatestRefused(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let asset = first.ref.asset
        let processing = try await catalog.addProcessing(2, of: asset)
        let failed = try await catalog.addProcessing(3, of: asset)
        _ = try await catalog.fail(failed.ref, failure: "undecodable")
        for ref in [processing.ref, failed.ref] {
            try await expectCatalogError(.conflict, "only a ready version is latest") {
                try await catalog.setLatest(ref)
            }
        }
        let unknown = VersionRef(asset: asset, number: VersionNumber(9))
        try await expectCatalogError(.unknownVersion, "it must be there") { try await catalog.setLatest(unknown) }
        try await expectCatalogError(.unknownAsset, "its asset, too") {
            try await catalog.setLatest(VersionRef(asset: .make(), number: .first))
        }
        try expectSame(try await catalog.latest(of: asset), first.ref.number, "a refusal changes nothing")
    }

    static func checkDeleted(_ catalog: any Catalog) async throws {
        let kept = try await catalog.addReady(of: Samples.assetID(1))
        let ready = try await catalog.addReady(of: Samples.assetID(2))
        let processing = try await catalog.addProcessing(2, of: ready.ref.asset)
        let asset = ready.ref.asset
        try expectSame(try await catalog.standing(of: asset), .present, "it is there")
        try expect(try await catalog.standing(of: .make()) == nil, "an unknown one never was")
        try await catalog.delete(asset, at: Samples.moment)
        try expectSame(try await catalog.standing(of: asset), .deleted, "it is deleted")
        try expect(try await catalog.version(ready.ref) == nil, "its versions are not there")
        try expect(try await catalog.version(processing.ref) == nil, "whatever their state")
        try expect(try await catalog.newestVersion(of: asset) == nil, "it has no newest version")
        let versions = try await catalog.versions(of: asset, before: nil, limit: 10)
        try expect(versions.isEmpty, "nor any")
        try expect(try await catalog.latest(of: asset) == nil, "nor a latest one")
        for selector in [VersionSelector.latest, .number(.first)] {
            let found = try await catalog.firstRendition(of: ready, selector)
            try expect(found == nil, "nothing of it is delivered")
        }
        let page = try await catalog.page(after: nil, limit: 10)
        try expectSame(page, [kept], "it is on no page")
        let unfinished = try await catalog.unfinished()
        try expectSame(unfinished, [], "nothing of it is unfinished")
        let blobs = [ready.source.id, processing.source.id] + ready.renditions.map(\.blob.id)
        let known = try await catalog.known(among: blobs)
        try expectSame(known, Set(blobs), "its blobs are named, and must not be removed")
        let uses = try await catalog.uses(of: ready.source.id)
        try expectSame(uses, [.source(of: ready.ref)], "as before")
    }

    static func checkDeletedWrites(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let asset = ready.ref.asset
        let processing = try await catalog.addProcessing(2, of: asset)
        let reserved = try await catalog.reserveVersion(of: asset)
        for isErased in [false, true] {
            if isErased {
                _ = try await catalog.erase(asset)
            } else {
                try await catalog.delete(asset, at: Samples.moment)
            }
            let renditions = Samples.renditions(of: processing)
            let again = [Samples.version(1, of: asset), Samples.version(reserved.value, of: asset)]
            let writes: [(String, () async throws -> Void)] = [
                ("reserve", { _ = try await catalog.reserveVersion(of: asset) }),
                ("begin again", { try await catalog.begin(again[0]) }),
                ("begin", { try await catalog.begin(again[1]) }),
                (
                    "complete",
                    {
                        _ = try await catalog.complete(
                            processing.ref,
                            sourceSize: Samples.sourceSize,
                            renditions: renditions
                        )
                    }
                ),
                ("fail", { _ = try await catalog.fail(processing.ref, failure: "undecodable") }),
                ("set latest", { try await catalog.setLatest(ready.ref) }),
            ]
            for (name, write) in writes {
                try await expectCatalogError(.gone, "\(name): the asset is gone", write)
            }
            try await catalog.releaseVersion(VersionRef(asset: asset, number: reserved))
            let fresh = renditions.map(\.blob.id) + again.map(\.source.id)
            let known = try await catalog.known(among: fresh)
            try expect(known.isEmpty, "a refused write leaves no blob")
        }
    }

    static func checkDeleteTwice(_ catalog: any Catalog) async throws {
        let asset = try await catalog.addReady().ref.asset
        try await catalog.delete(asset, at: Samples.moment)
        try await catalog.delete(asset, at: Samples.moment(plus: 5000))
        let due = try await catalog.deleted(before: Samples.moment(plus: 1), limit: 5)
        try expectSame(due, [asset], "the first deletion's date counts")
        try await expectCatalogError(.unknownAsset, "an unknown asset is not deleted") {
            try await catalog.delete(.make(), at: Samples.moment)
        }
    }

    static func checkUndelete(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let asset = ready.ref.asset
        try await expectCatalogError(.conflict, "what is there is not taken back") { try await catalog.undelete(asset) }
        try await expectCatalogError(.unknownAsset, "nor what never was") { try await catalog.undelete(.make()) }
        try await catalog.delete(asset, at: Samples.moment)
        try await catalog.undelete(asset)
        try expectSame(try await catalog.standing(of: asset), .present, "it is there again")
        try expectSame(try await catalog.version(ready.ref), ready, "as it was")
        let found = try await catalog.firstRendition(of: ready, .latest)
        try expectSame(found?.ref, ready.ref, "and is delivered")
        let due = try await catalog.deleted(before: Samples.moment(plus: 1), limit: 5)
        try expectSame(due, [], "it is not going to be erased")
        try await catalog.delete(asset, at: Samples.moment)
        _ = try await catalog.erase(asset)
        try await expectCatalogError(.gone, "what was erased is not taken back") { try await catalog.undelete(asset) }
    }

    static func checkDeletedList(_ catalog: any Catalog) async throws {
        let assets = (1...5).map { Samples.assetID($0) }
        for (asset, second) in zip(assets, [4, 2, 2, 3, 9]) {
            _ = try await catalog.addReady(of: asset)
            try await catalog.delete(asset, at: Samples.moment(plus: second * 1000))
        }
        _ = try await catalog.addReady(of: Samples.assetID(6))
        let before = Samples.moment(plus: 5000)
        let due = try await catalog.deleted(before: before, limit: 10)
        try expectSame(due, [assets[1], assets[2], assets[3], assets[0]], "the oldest deletion comes first")
        let some = try await catalog.deleted(before: before, limit: 2)
        try expectSame(some, [assets[1], assets[2]], "as many as asked for")
        let exact = try await catalog.deleted(before: Samples.moment(plus: 4000), limit: 10)
        try expectSame(exact, [assets[1], assets[2], assets[3]], "the date itself is not before it")
        _ = try await catalog.erase(assets[1])
        let left = try await catalog.deleted(before: before, limit: 10)
        try expectSame(left, [assets[2], assets[3], assets[0]], "what is erased is not listed")
    }

    static func checkErase(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let asset = first.ref.asset
        let second = try await catalog.addReady(2, of: asset)
        let third = try await catalog.addProcessing(3, of: asset)
        let fourth = try await catalog.addProcessing(4, of: asset)
        _ = try await catalog.fail(fourth.ref, failure: "undecodable")
        try await catalog.delete(asset, at: Samples.moment)
        let blobs = try await catalog.erase(asset)
        let expected = [first, second].flatMap { [$0.source] + $0.renditions.map(\.blob) } + [third.source]
        try expectSame(Set(blobs), Set(expected.map(\.id)), "all its blobs are given up")
        try expectSame(blobs.count, expected.count, "each once")
        try expectSame(try await catalog.standing(of: asset), .erased, "that it was there is known")
        let known = try await catalog.known(among: blobs)
        try expect(known.isEmpty, "no row names a blob of it")
        try expectSame(try await catalog.usage(of: .default), .none, "it counts no more")
        try expectSame(try await catalog.erase(asset), [], "erasing twice changes nothing")
        try await catalog.delete(asset, at: Samples.moment)
        try expectSame(try await catalog.standing(of: asset), .erased, "nor does deleting")
    }

    static func checkEraseRefused(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        try await expectCatalogError(.conflict, "what is there is not erased") {
            _ = try await catalog.erase(ready.ref.asset)
        }
        try await expectCatalogError(.unknownAsset, "nor what never was") { _ = try await catalog.erase(.make()) }
        try expectSame(try await catalog.version(ready.ref), ready, "a refusal changes nothing")
    }

    static func checkLifeReopened(_ catalog: any Catalog, _ reopen: Reopen) async throws {
        let first = try await catalog.addReady()
        let second = try await catalog.addReady(2, of: first.ref.asset)
        try await catalog.setLatest(first.ref)
        let deleted = try await catalog.addReady().ref.asset
        let erased = try await catalog.addReady().ref.asset
        for asset in [deleted, erased] { try await catalog.delete(asset, at: Samples.moment) }
        _ = try await catalog.erase(erased)
        try await catalog.setDamage("missing", of: second.source.id)
        guard let key = IdempotencyKey("k") else { throw ContractViolation("'k' is an idempotency key") }
        let version = Samples.version()
        _ = try await catalog.begin(version, terms: CommitTerms(idempotencyKey: key))
        let usage = try await catalog.usage(of: .default)

        let again = try await reopen()
        try expectSame(try await again.latest(of: first.ref.asset), first.ref.number, "the latest that was set")
        try expectSame(try await again.standing(of: deleted), .deleted, "what was deleted")
        try expectSame(try await again.standing(of: erased), .erased, "what was erased")
        let damaged = try await again.damaged(limit: 5)
        try expectSame(damaged, [DamagedBlob(blob: second.source, damage: "missing")], "what is damaged")
        let upload = try await again.upload(under: key, of: .default)
        try expectSame(upload?.ref, version.ref, "whose an idempotency key is")
        try expectSame(try await again.usage(of: .default), usage, "and what is used")
    }
}
