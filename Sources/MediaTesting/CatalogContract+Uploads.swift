import MediaModel

// What an upload does: numbers, begin and complete, fail and discard.

extension CatalogContract {
    static let uploads = [
        CatalogContract("a version begins as processing", checkBegin),
        CatalogContract("beginning twice is a conflict", checkBeginTwice),
        CatalogContract("completing makes ready with all renditions", checkComplete),
        CatalogContract("a version keeps its focal point and what it looks like", checkImpression),
        CatalogContract("completing needs processing", checkCompleteNeedsProcessing),
        CatalogContract("completing is all or nothing", checkCompleteIsAtomic),
        CatalogContract("renditions are in the order of the presets", checkOrder),
        CatalogContract("latest is the newest ready version", checkLatest),
        CatalogContract("latest does not go back", checkLatestStays),
        CatalogContract("numbers are reserved one by one", checkReserve),
        CatalogContract("a reservation of an unknown asset is refused", checkReserveUnknown),
        CatalogContract("a released number is used again", checkRelease),
        CatalogContract("a release below the last skips the number", checkReleaseBelow),
        CatalogContract("a release never takes an existing version", checkReleaseExisting),
        CatalogContract("a catalog of an earlier day skips numbers", checkSkip),
        CatalogContract("a later version needs a reservation", checkUnreserved),
        CatalogContract("failing keeps the version and gives up the source", checkFail),
        CatalogContract("failing may keep the source", checkFailKeepingTheSource),
        CatalogContract("failing needs processing", checkFailNeedsProcessing),
        CatalogContract("discarding the only version removes the asset", checkDiscardOnly),
        CatalogContract("discarding a later version leaves no trace", checkDiscardLater),
        CatalogContract("discarding needs processing", checkDiscardNeedsProcessing),
        CatalogContract("what was announced is not discarded", checkDiscardAnnounced),
        CatalogContract("a deleted asset's version is discarded until it is erased", checkDiscardDeleted),
    ]
}

// MARK: - Begin and complete

extension CatalogContract {
    static func checkBegin(_ catalog: any Catalog) async throws {
        let version = Samples.version()
        try await catalog.begin(version)
        try expectSame(try await catalog.version(version.ref), version, "a version is as it began")
        try expectSame(try await catalog.newestVersion(of: version.ref.asset), version, "and it is the newest")
        let selectors: [VersionSelector] = [.latest, .number(version.ref.number)]
        for selector in selectors {
            let found = try await catalog.firstRendition(of: version, selector)
            try expect(found == nil, "a processing version has no rendition")
        }
    }

    static func checkBeginTwice(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let again = Samples.version(1, of: first.ref.asset)
        try await expectCatalogError(.conflict, "version 1 begins once") { try await catalog.begin(again) }
        let second = try await catalog.addReady(2, of: first.ref.asset)
        let twice = Samples.version(2, of: first.ref.asset)
        try await expectCatalogError(.conflict, "version 2 begins once") { try await catalog.begin(twice) }
        try expectSame(try await catalog.version(first.ref), first, "a refused version changes nothing")
        try expectSame(try await catalog.version(second.ref), second, "a refused version changes nothing")
        let known = try await catalog.known(among: [again.source.id, twice.source.id])
        try expect(known.isEmpty, "a refused version leaves no blob")
    }

    static func checkComplete(_ catalog: any Catalog) async throws {
        let version = Samples.version(isAnnounced: true)
        try await catalog.begin(version)
        let renditions = Samples.renditions(of: version)
        let completed = try await catalog.complete(version.ref, sourceSize: Samples.sourceSize, renditions: renditions)
        let expected = Samples.ready(version, renditions: renditions)
        try expectSame(completed, expected, "complete returns the version as it is now")
        try expectSame(try await catalog.version(version.ref), expected, "and it is that")
        for rendition in renditions {
            let deliverable = DeliverableRendition(
                ref: version.ref,
                rendition: rendition,
                createdAt: version.createdAt
            )
            let selectors: [VersionSelector] = [.latest, .number(version.ref.number)]
            for selector in selectors {
                let found = try await catalog.rendition(
                    of: version.ref.asset,
                    version: selector,
                    preset: rendition.preset.name
                )
                try expectSame(found, deliverable, "each rendition is found by its preset's name")
            }
        }
    }

    static func checkImpression(_ catalog: any Catalog) async throws {
        let focus = FocalPoint(x: 1234, y: FocalPoint.whole)
        let version = Samples.version(focus: focus)
        let begun = try await catalog.begin(version)
        try expectSame(begun.focus, focus, "the focal point is there from the start")
        let ready = try await catalog.complete(
            version.ref,
            sourceSize: Samples.sourceSize,
            renditions: Samples.renditions(of: version),
            impression: Samples.impression,
            quota: .none
        )
        try expectSame(ready.impression, Samples.impression, "completing keeps what the picture looks like")
        let expected = Aim(focus: focus, attention: Samples.impression.attention)
        try expectSame(ready.aim, expected, "both points are what cuts go by")
        try expectSame(try await catalog.version(version.ref), ready, "and so it is found")
        try expectSame(try await catalog.newestVersion(of: version.ref.asset), ready, "and so it is found")
        let versions = try await catalog.versions(of: version.ref.asset, before: nil, limit: 1)
        try expectSame(versions, [ready], "and so it is found")
        let other = try await catalog.addReady(2, of: version.ref.asset)
        try expect(other.focus == nil && other.impression == nil, "another version has its own, or none")
    }

    static func checkCompleteNeedsProcessing(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let failed = try await catalog.addFailed()
        for version in [ready, failed, Samples.version()] {
            let renditions = Samples.renditions(of: version)
            try await expectCatalogError(.conflict, "only what is processing can be completed") {
                _ = try await catalog.complete(version.ref, sourceSize: Samples.sourceSize, renditions: renditions)
            }
            let known = try await catalog.known(among: renditions.map(\.blob.id))
            try expect(known.isEmpty, "a refused completion leaves no blob")
        }
        try expectSame(try await catalog.version(ready.ref), ready, "a refused completion changes nothing")
        try expectSame(try await catalog.version(failed.ref), failed, "a refused completion changes nothing")
    }

    static func checkCompleteIsAtomic(_ catalog: any Catalog) async throws {
        let other = try await catalog.addReady()
        let version = Samples.version()
        try await catalog.begin(version)
        let sound = Samples.renditions(of: version)
        let taken = Rendition(preset: sound[1].preset, size: sound[1].size, blob: other.source)
        for renditions in [[], [sound[0]], [sound[0], sound[0]], [sound[0], taken]] {
            try await expectCatalogError(.conflict, "ready means one new rendition for each preset") {
                _ = try await catalog.complete(version.ref, sourceSize: Samples.sourceSize, renditions: renditions)
            }
            try expectSame(try await catalog.version(version.ref), version, "the version is processing still")
            let known = try await catalog.known(among: sound.map(\.blob.id))
            try expect(known.isEmpty, "no blob of a refused completion is known")
        }
        _ = try await catalog.complete(version.ref, sourceSize: Samples.sourceSize, renditions: sound)
    }

    static func checkOrder(_ catalog: any Catalog) async throws {
        let presets = try ["zebra:w=10", "ant:w=20", "middle:w=30"].map { try Preset(text: $0) }
        let version = Samples.version(presets: presets)
        try await catalog.begin(version)
        let renditions = Samples.renditions(of: version)
        let completed = try await catalog.complete(
            version.ref,
            sourceSize: Samples.sourceSize,
            renditions: renditions.reversed()
        )
        try expectSame(completed.renditions, renditions, "renditions are in the order of the presets")
        let found = try await catalog.version(version.ref)
        try expectSame(found?.renditions, renditions, "renditions are in the order of the presets")
    }
}

// MARK: - Latest and numbers

extension CatalogContract {
    static func checkLatest(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let asset = first.ref.asset
        let second = try await catalog.addProcessing(2, of: asset)
        var found = try await catalog.firstRendition(of: first, .latest)
        try expectSame(found?.ref, first.ref, "a newer version that is processing is not the latest")
        let ready = try await catalog.finish(second)
        found = try await catalog.firstRendition(of: first, .latest)
        try expectSame(found?.rendition, ready.renditions.first, "once ready it is")
        found = try await catalog.firstRendition(of: first, .number(.first))
        try expectSame(found?.rendition, first.renditions.first, "the older one keeps its own rendition")
        let third = try await catalog.addProcessing(3, of: asset)
        _ = try await catalog.fail(third.ref, failure: "undecodable")
        found = try await catalog.firstRendition(of: first, .latest)
        try expectSame(found?.ref, second.ref, "a version that failed is not the latest")
    }

    static func checkLatestStays(_ catalog: any Catalog) async throws {
        let first = try await catalog.addProcessing()
        let second = try await catalog.addReady(2, of: first.ref.asset)
        _ = try await catalog.finish(first)
        let found = try await catalog.firstRendition(of: second, .latest)
        try expectSame(found?.ref, second.ref, "an older version that becomes ready later is not the latest")
    }

    static func checkReserve(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        for expected in 2...4 {
            let number = try await catalog.reserveVersion(of: first.ref.asset)
            try expectSame(number, VersionNumber(expected), "numbers are given out one by one")
        }
        try expectSame(try await catalog.newestVersion(of: first.ref.asset), first, "a reservation is no version")
        let page = try await catalog.page(after: nil, limit: 5)
        try expectSame(page, [first], "a reservation is no version")
    }

    static func checkSkip(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let third = try await catalog.addReady()
        for _ in 2...3 { _ = try await catalog.reserveVersion(of: third.ref.asset) }
        let deleted = try await catalog.addReady()
        try await catalog.delete(deleted.ref.asset, at: Samples.moment)
        try await catalog.skipVersions()
        try await catalog.undelete(deleted.ref.asset)
        for (ref, next) in [(first.ref, 1002), (third.ref, 1004), (deleted.ref, 1002)] {
            let number = try await catalog.reserveVersion(of: ref.asset)
            try expectSame(number, VersionNumber(next), "a thousand numbers are skipped")
        }
        // What is skipped is no version, and never becomes one.
        let skipped = Samples.version(1002, of: first.ref.asset)
        try await catalog.releaseVersion(skipped.ref)
        let again = try await catalog.reserveVersion(of: first.ref.asset)
        try expectSame(again, VersionNumber(1002), "a number after the gap is released")
        try await catalog.begin(skipped)
        _ = try await catalog.discard(skipped.ref)
        let next = try await catalog.reserveVersion(of: first.ref.asset)
        try expectSame(next, VersionNumber(1002), "a version after the gap is discarded")
        let page = try await catalog.versions(of: first.ref.asset, before: nil, limit: 5)
        try expectSame(page, [first], "a number that was skipped is no version")
        let findings = try await catalog.audit(repairs: false)
        try expect(findings.isEmpty, "a gap is no finding")
    }

    static func checkReserveUnknown(_ catalog: any Catalog) async throws {
        try await expectCatalogError(.unknownAsset, "an unknown asset has no numbers") {
            _ = try await catalog.reserveVersion(of: .make())
        }
    }

    static func checkRelease(_ catalog: any Catalog) async throws {
        let asset = try await catalog.addReady().ref.asset
        let number = try await catalog.reserveVersion(of: asset)
        try await catalog.releaseVersion(VersionRef(asset: asset, number: number))
        let again = try await catalog.reserveVersion(of: asset)
        try expectSame(again, number, "a number that was given back is taken again")
    }

    static func checkReleaseBelow(_ catalog: any Catalog) async throws {
        let asset = try await catalog.addReady().ref.asset
        let second = try await catalog.reserveVersion(of: asset)
        _ = try await catalog.reserveVersion(of: asset)
        try await catalog.releaseVersion(VersionRef(asset: asset, number: second))
        let next = try await catalog.reserveVersion(of: asset)
        try expectSame(next, VersionNumber(4), "a number below the last is skipped for ever")
    }

    static func checkReleaseExisting(_ catalog: any Catalog) async throws {
        let first = try await catalog.addProcessing()
        try await catalog.releaseVersion(first.ref)
        let second = try await catalog.addReady(2, of: first.ref.asset)
        try await catalog.releaseVersion(second.ref)
        try await catalog.releaseVersion(VersionRef(asset: .make(), number: .first))
        let next = try await catalog.reserveVersion(of: first.ref.asset)
        try expectSame(next, VersionNumber(3), "the number of a version that exists is never given out again")
    }

    static func checkUnreserved(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let unreserved = Samples.version(2, of: first.ref.asset)
        try await expectCatalogError(.conflict, "a number that nobody reserved is refused") {
            try await catalog.begin(unreserved)
        }
        let orphan = Samples.version(2)
        try await expectCatalogError(.unknownAsset, "a later version needs its asset") {
            try await catalog.begin(orphan)
        }
        let known = try await catalog.known(among: [unreserved.source.id, orphan.source.id])
        try expect(known.isEmpty, "a refused version leaves no blob")
    }
}

// MARK: - Fail and discard

extension CatalogContract {
    static func checkFail(_ catalog: any Catalog) async throws {
        let version = Samples.version(isAnnounced: true)
        try await catalog.begin(version)
        let blobs = try await catalog.fail(version.ref, failure: "undecodable-image")
        try expectSame(blobs, [version.source.id], "the source is given up")
        let found = try await catalog.version(version.ref)
        try expectSame(found?.state, .failed, "the version stays, failed")
        try expectSame(found?.failure, "undecodable-image", "with its reason")
        try expectSame(found?.source, version.source, "and what its source was")
        try expectSame(found?.renditions, [], "without renditions")
        let known = try await catalog.known(among: blobs)
        try expect(known.isEmpty, "no row names the source any more")
        let unfinished = try await catalog.unfinished()
        try expect(unfinished.isEmpty, "a failed version is finished")
    }

    static func checkFailKeepingTheSource(_ catalog: any Catalog) async throws {
        let version = try await catalog.addProcessing()
        let blobs = try await catalog.fail(version.ref, failure: "source-damaged", keepsSource: true)
        try expectSame(blobs, [], "nothing is given up")
        try expectSame(try await catalog.version(version.ref)?.state, .failed, "the version failed")
        let known = try await catalog.known(among: [version.source.id])
        try expectSame(known, [version.source.id], "its source is named still")
        let uses = try await catalog.uses(of: version.source.id)
        try expectSame(uses, [.source(of: version.ref)], "by the version that failed")
    }

    static func checkFailNeedsProcessing(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let failed = try await catalog.addFailed()
        for ref in [ready.ref, failed.ref, Samples.version().ref] {
            try await expectCatalogError(.conflict, "only what is processing can fail") {
                _ = try await catalog.fail(ref, failure: "again")
            }
        }
        try expectSame(try await catalog.version(ready.ref), ready, "a refused failure changes nothing")
        try expectSame(try await catalog.version(failed.ref), failed, "a refused failure changes nothing")
    }

    static func checkDiscardOnly(_ catalog: any Catalog) async throws {
        let version = try await catalog.addProcessing()
        let reserved = try await catalog.reserveVersion(of: version.ref.asset)
        let blobs = try await catalog.discard(version.ref)
        try expectSame(blobs, [version.source.id], "the source is given up")
        try expect(try await catalog.version(version.ref) == nil, "the version is gone")
        try expect(try await catalog.newestVersion(of: version.ref.asset) == nil, "and its asset")
        let page = try await catalog.page(after: nil, limit: 5)
        try expect(page.isEmpty, "it is on no page")
        let known = try await catalog.known(among: blobs)
        try expect(known.isEmpty, "no row names the source any more")
        let late = Samples.version(reserved.value, of: version.ref.asset)
        try await expectCatalogError(.unknownAsset, "a reservation does not keep an asset") {
            try await catalog.begin(late)
        }
        try await catalog.begin(version)
        try expectSame(try await catalog.version(version.ref), version, "as if it had never been")
    }

    static func checkDiscardLater(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let second = try await catalog.addProcessing(2, of: first.ref.asset)
        _ = try await catalog.discard(second.ref)
        try expectSame(try await catalog.newestVersion(of: first.ref.asset), first, "the version before is the newest")
        let number = try await catalog.reserveVersion(of: first.ref.asset)
        try expectSame(number, second.ref.number, "its number is free again")
        let again = Samples.version(2, of: first.ref.asset)
        try await catalog.begin(again)
        _ = try await catalog.reserveVersion(of: first.ref.asset)
        _ = try await catalog.discard(again.ref)
        let next = try await catalog.reserveVersion(of: first.ref.asset)
        try expectSame(next, VersionNumber(4), "unless a later one is taken")
    }

    static func checkDiscardNeedsProcessing(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let failed = try await catalog.addFailed()
        for ref in [ready.ref, failed.ref, Samples.version().ref] {
            try await expectCatalogError(.conflict, "only what is processing can be discarded") {
                _ = try await catalog.discard(ref)
            }
        }
        try expectSame(try await catalog.version(ready.ref), ready, "a refused discard changes nothing")
        try expectSame(try await catalog.version(failed.ref), failed, "a refused discard changes nothing")
    }

    static func checkDiscardAnnounced(_ catalog: any Catalog) async throws {
        let version = try await catalog.addProcessing()
        try await catalog.announce(version.ref)
        try await catalog.announce(version.ref)
        try expect(try await catalog.version(version.ref)?.isAnnounced == true, "it is announced")
        try await expectCatalogError(.conflict, "a client was told of it") {
            _ = try await catalog.discard(version.ref)
        }
        let blobs = try await catalog.fail(version.ref, failure: "undecodable")
        try expectSame(blobs, [version.source.id], "it can be ended as failed")
        let failed = try await catalog.version(version.ref)
        try await catalog.announce(version.ref)
        try expectSame(try await catalog.version(version.ref), failed, "what has ended is left as it is")
        try await catalog.announce(Samples.version().ref)
    }

    static func checkDiscardDeleted(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let second = try await catalog.addProcessing(2, of: first.ref.asset)
        try await catalog.delete(first.ref.asset, at: Samples.moment)
        try expectSame(try await catalog.discard(second.ref), [second.source.id], "the source is given up")
        try await catalog.undelete(first.ref.asset)
        try expect(try await catalog.version(second.ref) == nil, "it does not come back with the asset")
        try expectSame(try await catalog.newestVersion(of: first.ref.asset), first, "the rest does")
        let third = try await catalog.addProcessing(2, of: first.ref.asset)
        try await catalog.delete(first.ref.asset, at: Samples.moment)
        _ = try await catalog.erase(first.ref.asset)
        try await expectCatalogError(.gone, "erased is erased") { _ = try await catalog.discard(third.ref) }
    }
}
