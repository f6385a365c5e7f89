import MediaModel

// What scrub, fsck and reseal ask for.

extension CatalogContract {
    static let verification = [
        CatalogContract("all blobs are listed in order, each once", checkAllBlobs),
        CatalogContract("what names a blob is known", checkUses),
        CatalogContract("damage is noted, listed and taken back", checkDamage),
        CatalogContract("a rendition can be given another blob of the same bytes", checkReplace),
        CatalogContract("a rendition is replaced only as it is", checkReplaceRefused),
        CatalogContract("a sound catalog has no findings", checkAudit),
        CatalogContract("the scrub's progress is kept", reopening: checkScrub),
    ]

    static func checkAllBlobs(_ catalog: any Catalog) async throws {
        let none = try await catalog.blobTotals()
        try expectSame(none, BlobTotals(blobs: 0, sealedBytes: 0), "there are none at first")
        var expected: [BlobRecord] = []
        for _ in 0..<4 {
            let ready = try await catalog.addReady()
            expected += [ready.source] + ready.renditions.map(\.blob)
        }
        _ = try await catalog.addFailed()
        expected.append(try await catalog.addProcessing().source)
        expected.sort { $0.id < $1.id }
        for limit in [1, 2, 5, 13, 14] {
            var listed: [BlobRecord] = []
            var page: [BlobRecord]
            repeat {
                page = try await catalog.blobs(after: listed.last?.id, limit: limit)
                listed += page
            } while page.count == limit
            try expectSame(listed, expected, "pages of \(limit) give all that are in the store")
        }
        let totals = try await catalog.blobTotals()
        let bytes = expected.reduce(0) { $0 + $1.sealedBytes }
        try expectSame(totals, BlobTotals(blobs: 13, sealedBytes: bytes), "the totals are theirs")
    }

    static func checkUses(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady(of: Samples.assetID(1))
        let second = try await catalog.begin(Samples.version(of: Samples.assetID(2), source: first.source))
        let uses = try await catalog.uses(of: first.source.id)
        try expectSame(uses, [.source(of: first.ref), .source(of: second.ref)], "every version that has it")
        for rendition in first.renditions {
            let uses = try await catalog.uses(of: rendition.blob.id)
            try expectSame(uses, [.rendition(of: first.ref, preset: rendition.preset.name)], "the rendition that is it")
        }
        let none = try await catalog.uses(of: .make())
        try expectSame(none, [], "nothing names an unknown one")
    }

    static func checkDamage(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let blobs = ([ready.source] + ready.renditions.map(\.blob)).sorted { $0.id < $1.id }
        for blob in blobs { try await catalog.setDamage("corrupt", of: blob.id) }
        try await catalog.setDamage("missing", of: blobs[1].id)
        try await catalog.setDamage("corrupt", of: .make())
        let expected = zip(blobs, ["corrupt", "missing", "corrupt"]).map { DamagedBlob(blob: $0, damage: $1) }
        try expectSame(try await catalog.damaged(limit: 5), expected, "what was noted last, in order")
        try expectSame(try await catalog.damaged(limit: 2), Array(expected.prefix(2)), "as many as asked for")
        try expectSame(try await catalog.version(ready.ref), ready, "readers find what they found before")
        try await catalog.setDamage(nil, of: blobs[0].id)
        try expectSame(try await catalog.damaged(limit: 5), Array(expected.dropFirst()), "what is sound is not listed")
        try await catalog.delete(ready.ref.asset, at: Samples.moment)
        _ = try await catalog.erase(ready.ref.asset)
        try expectSame(try await catalog.damaged(limit: 5), [], "nor what is erased")
    }

    /// Another blob with the bytes of `old`.
    private static func copy(_ old: BlobRecord, envelopeKey: EnvelopeKeyID = Samples.envelopeKey.id) -> BlobRecord {
        Samples.blob(
            of: VersionRef(asset: old.sealedAs.asset, number: old.sealedAs.version),
            variant: old.sealedAs.variant,
            mediaType: old.sealedAs.mediaType,
            bytes: old.bytes,
            sha256: old.sha256,
            envelopeKey: envelopeKey
        )
    }

    static func checkReplace(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let old = ready.renditions[1]
        try await catalog.setDamage("corrupt", of: old.blob.id)
        let usage = try await catalog.usage(of: .default)
        let new = Self.copy(old.blob)
        let use = BlobUse.rendition(of: ready.ref, preset: old.preset.name)
        let given = try await catalog.replace(old.blob.id, with: new, of: use)
        try expectSame(given, [old.blob.id], "the old blob is given up")
        let found = try await catalog.version(ready.ref)
        let expected = [
            ready.renditions[0], Rendition(preset: old.preset, size: old.size, blob: new, choice: old.choice),
        ]
        try expectSame(found?.renditions, expected, "the rendition is what it was, with the new blob")
        let known = try await catalog.known(among: [old.blob.id, new.id])
        try expectSame(known, [new.id], "which is named, and the old one not")
        try expectSame(try await catalog.damaged(limit: 5), [], "nothing is known against it")
        try expectSame(try await catalog.usage(of: .default), usage, "what is used is the same")
    }

    static func checkReplaceRefused(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let old = ready.renditions[0].blob
        let name = ready.renditions[0].preset.name
        let other = ready.renditions[1].blob
        let use = BlobUse.rendition(of: ready.ref, preset: name)
        let unknown = BlobUse.rendition(of: Samples.version().ref, preset: name)
        let attempts: [(String, BlobID, BlobRecord, BlobUse)] = [
            ("it has another blob", other.id, Self.copy(other), use),
            ("it is not there", old.id, Self.copy(old), unknown),
            ("a source stays", ready.source.id, Self.copy(ready.source), .source(of: ready.ref)),
            ("the bytes are others", old.id, Self.copy(other), use), ("the blob is named already", old.id, old, use),
        ]
        for (claim, blob, new, use) in attempts {
            try await expectCatalogError(.conflict, claim) { _ = try await catalog.replace(blob, with: new, of: use) }
        }
        let lost = Self.copy(old, envelopeKey: EnvelopeKeyID("retired"))
        try await expectCatalogError(.keyRetired, "nobody could open it") {
            _ = try await catalog.replace(old.id, with: lost, of: use)
        }
        try expectSame(try await catalog.version(ready.ref), ready, "a refusal changes nothing")
        let totals = try await catalog.blobTotals()
        try expectSame(totals.blobs, 3, "and leaves no blob")
    }

    static func checkAudit(_ catalog: any Catalog) async throws {
        try expectSame(try await catalog.audit(repairs: false), [], "an empty catalog has no findings")
        let ready = try await catalog.addReady()
        _ = try await catalog.addReady(2, of: ready.ref.asset)
        try await catalog.setLatest(ready.ref)
        _ = try await catalog.addProcessing()
        _ = try await catalog.addFailed()
        let shared = try await catalog.begin(Samples.version(source: ready.source))
        _ = try await catalog.fail(shared.ref, failure: "undecodable")
        for isErased in [false, true] {
            let asset = try await catalog.addReady().ref.asset
            try await catalog.delete(asset, at: Samples.moment)
            if isErased { _ = try await catalog.erase(asset) }
        }
        _ = try await catalog.reserveVersion(of: ready.ref.asset)
        try expectSame(try await catalog.audit(repairs: true), [], "nor has one with all that there can be")
        try expectSame(try await catalog.version(ready.ref), ready, "and nothing is changed")
    }

    static func checkScrub(_ catalog: any Catalog, _ reopen: Reopen) async throws {
        try expect(try await catalog.scrubProgress() == nil, "there was no scrub at first")
        let progress = [
            ScrubProgress(position: nil, startedAt: Samples.moment, completedAt: nil),
            ScrubProgress(position: .make(), startedAt: Samples.moment(plus: 1), completedAt: Samples.moment),
        ]
        for progress in progress {
            try await catalog.setScrubProgress(progress)
            try expectSame(try await catalog.scrubProgress(), progress, "what was set last")
        }
        let again = try await reopen()
        try expectSame(try await again.scrubProgress(), progress[1], "is there after a restart")
    }
}
