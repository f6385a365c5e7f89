import MediaModel

// Envelope keys, and data keys that are wrapped anew.

extension CatalogContract {
    static let keys = [
        CatalogContract("envelope keys are kept, newest first", checkEnvelopeKeys),
        CatalogContract("how an envelope key is wrapped can change", checkSetWrapped),
        CatalogContract("a key that blobs need is not retired", checkRetire),
        CatalogContract("no blob is begun with under a retired key", checkBeginRetired),
        CatalogContract("no data key is wrapped under a retired key", checkRewrapRetired),
        CatalogContract("a new wrap is compared with the old one", checkRewrap),
        CatalogContract("a new wrap of many is all or nothing", checkRewrapIsAtomic),
        CatalogContract("blobs under a key are listed while they change", checkBlobsUnderKey),
        CatalogContract("keys outlive the catalog", reopening: checkKeysReopened),
    ]

    /// A wrapped data key that tells `number` from others.
    private static func wrapped(_ number: Int) -> WrappedDataKey {
        WrappedDataKey(bytes: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: WrappedDataKey.byteCount))
    }

    private static func change(_ blob: BlobRecord, to key: EnvelopeKeyRecord, _ number: Int = 1) -> DataKeyChange {
        DataKeyChange(blob: blob.id, from: blob.envelopeKey, to: key.id, wrapped: Self.wrapped(number))
    }

    static func checkEnvelopeKeys(_ catalog: any Catalog) async throws {
        let former = EnvelopeKeyRecord(
            id: EnvelopeKeyID("former"),
            tenant: .default,
            createdAt: Samples.moment(plus: -5),
            wrapped: nil
        )
        let keys = [
            Samples.key("c", tenant: Tenant(name: "other"), createdAt: Samples.moment(plus: 9)),
            Samples.key("b", createdAt: Samples.moment(plus: 5)), Samples.key("a", createdAt: Samples.moment(plus: 5)),
            Samples.envelopeKey, former,
        ]
        for key in [keys[2], former, keys[0], keys[1]] { try await catalog.add(key) }
        try expectSame(try await catalog.envelopeKeys(), keys, "all of them, newest first, as they were added")
        try await expectCatalogError(.conflict, "an id is taken once") {
            try await catalog.add(Samples.key("b", tenant: Tenant(name: "other")))
        }
        try expectSame(try await catalog.envelopeKeys(), keys, "a refusal changes nothing")
    }

    static func checkSetWrapped(_ catalog: any Catalog) async throws {
        let wrapped = WrappedEnvelopeKey(rootKey: RootKeyID("new-root"), bytes: Samples.bytes(6144, seed: 9))
        try await catalog.setWrapped(wrapped, of: Samples.envelopeKey.id)
        let expected = EnvelopeKeyRecord(
            id: Samples.envelopeKey.id,
            tenant: .default,
            createdAt: Samples.moment,
            wrapped: wrapped
        )
        try expectSame(try await catalog.envelopeKeys(), [expected], "only how it is wrapped is another")
        try await expectCatalogError(.conflict, "an unknown key is not wrapped") {
            try await catalog.setWrapped(wrapped, of: EnvelopeKeyID("unknown"))
        }
    }

    static func checkRetire(_ catalog: any Catalog) async throws {
        let key = Samples.envelopeKey.id
        let next = Samples.key("next")
        try await catalog.add(next)
        try expectSame(try await catalog.blobCounts(), [:], "no blob needs a key at first")
        let ready = try await catalog.addReady()
        let failed = try await catalog.addFailed()
        try expectSame(try await catalog.blobCounts(), [key: 3], "a removed blob needs none")
        try await expectCatalogError(.keyInUse, "a key that blobs need stays") { try await catalog.retire(key) }
        try await catalog.retire(next.id)
        try await catalog.retire(next.id)
        try expectSame(try await catalog.envelopeKeys().map(\.id), [key], "one that none needs goes, once")
        try await catalog.delete(ready.ref.asset, at: Samples.moment)
        try await expectCatalogError(.keyInUse, "a deleted asset's blobs need it") { try await catalog.retire(key) }
        _ = try await catalog.erase(ready.ref.asset)
        try await catalog.retire(key)
        try expectSame(try await catalog.envelopeKeys(), [], "an erased one's do not")
        try expectSame(try await catalog.version(failed.ref), failed, "a failed version shows its source still")
    }

    static func checkBeginRetired(_ catalog: any Catalog) async throws {
        let picture = Samples.digest(1)
        let begun = try await catalog.begin(Samples.version(sha256: picture))
        let retired = EnvelopeKeyID("retired")
        let ref = VersionRef(asset: .make(), number: .first)
        let lost = Samples.version(of: ref.asset, source: Samples.blob(of: ref, envelopeKey: retired))
        try await expectCatalogError(.keyRetired, "nobody could ever open it") { try await catalog.begin(lost) }
        try expect(try await catalog.version(lost.ref) == nil, "a refused version leaves nothing")
        let blob = Samples.blob(of: ref, sha256: picture, envelopeKey: retired)
        let equal = try await catalog.begin(Samples.version(of: ref.asset, source: blob))
        try expectSame(equal.source, begun.source, "the key of a blob that is not taken does not matter")
        let sound = Samples.renditions(of: begun)
        let renditions = sound.enumerated().map { index, rendition in
            guard index == 1 else { return rendition }
            let blob = Samples.blob(of: begun.ref, variant: "preview.webp", envelopeKey: retired)
            return Rendition(preset: rendition.preset, size: rendition.size, blob: blob, choice: rendition.choice)
        }
        try await expectCatalogError(.keyRetired, "nor a rendition") {
            _ = try await catalog.complete(begun.ref, sourceSize: Samples.sourceSize, renditions: renditions)
        }
        try expectSame(try await catalog.version(begun.ref), begun, "a refused completion changes nothing")
    }

    static func checkRewrapRetired(_ catalog: any Catalog) async throws {
        let next = Samples.key("next")
        let ready = try await catalog.addReady()
        try await expectCatalogError(.keyRetired, "the data key could never be opened again") {
            _ = try await catalog.rewrap([Self.change(ready.source, to: next)])
        }
        try expectSame(try await catalog.version(ready.ref), ready, "a refused wrap changes nothing")
    }

    static func checkRewrap(_ catalog: any Catalog) async throws {
        let next = Samples.key("next")
        try await catalog.add(next)
        let ready = try await catalog.addReady()
        let failed = try await catalog.addFailed()
        let thumbnail = ready.renditions[0].blob
        let changes = [
            Self.change(ready.source, to: next, 1), Self.change(thumbnail, to: next, 2),
            Self.change(failed.source, to: next, 3),
            DataKeyChange(blob: .make(), from: thumbnail.envelopeKey, to: next.id, wrapped: Self.wrapped(4)),
        ]
        try expectSame(try await catalog.rewrap(changes), 2, "what is gone is passed over")
        try expectSame(try await catalog.rewrap(changes), 0, "and what was changed meanwhile")
        let found = try await catalog.version(ready.ref)
        try expectSame(found?.source.envelopeKey, next.id, "the source has the new key")
        try expectSame(found?.source.rewrapped, Self.wrapped(1), "and the new wrap")
        let delivered = try await catalog.firstRendition(of: ready, .latest)
        try expectSame(delivered?.rendition.blob.envelopeKey, next.id, "the rendition, too")
        try expectSame(delivered?.rendition.blob.rewrapped, Self.wrapped(2), "as delivery sees")
        try expectSame(found?.renditions[1].blob, ready.renditions[1].blob, "what was not asked for is as it was")
        let counts = try await catalog.blobCounts()
        try expectSame(counts, [next.id: 2, Samples.envelopeKey.id: 1], "the counts follow")
        let bytes = ready.source.bytes
        let shared = try await catalog.source(of: .default, sha256: ready.source.sha256, bytes: bytes)
        try expectSame(shared, found?.source, "an equal upload is given the blob as it is wrapped now")
        let equal = try await catalog.begin(Samples.version(source: ready.source))
        try expectSame(equal.source, found?.source, "also where the caller knew the old wrap")
        let back = DataKeyChange(
            blob: ready.source.id,
            from: next.id,
            to: next.id,
            wrapped: Self.wrapped(9)
        )
        try expectSame(try await catalog.rewrap([back]), 1, "a wrap may be replaced under the same key")
        try await catalog.retire(EnvelopeKeyID("unknown"))
    }

    static func checkRewrapIsAtomic(_ catalog: any Catalog) async throws {
        let next = Samples.key("next")
        try await catalog.add(next)
        let ready = try await catalog.addReady()
        let blobs = [ready.source] + ready.renditions.map(\.blob)
        let broken = [Self.change(blobs[0], to: next), Self.change(blobs[1], to: Samples.key("unknown"))]
        try await expectCatalogError(.keyRetired, "one bad change refuses all") { _ = try await catalog.rewrap(broken) }
        try expectSame(try await catalog.version(ready.ref), ready, "nothing was changed")
        let all = blobs.map { Self.change($0, to: next) }
        try expectSame(try await catalog.rewrap(all), 3, "all are changed in one go")
        try await catalog.retire(Samples.envelopeKey.id)
        try expectSame(try await catalog.rewrap([]), 0, "no changes are no error")
    }

    static func checkBlobsUnderKey(_ catalog: any Catalog) async throws {
        let next = Samples.key("next")
        try await catalog.add(next)
        for _ in 0..<5 { _ = try await catalog.addReady() }
        _ = try await catalog.addFailed()
        let old = Samples.envelopeKey.id
        let all = try await catalog.blobs(under: old, after: nil, limit: 100)
        try expectSame(all.count, 15, "all blobs that are in the store are under the key")
        try expectSame(all.map(\.id), all.map(\.id).sorted(), "in the order of their ids")
        let none = try await catalog.blobs(under: next.id, after: nil, limit: 10)
        try expectSame(none, [], "none is under the other")
        // Rotation: every page is wrapped anew before the next one is asked for, and uploads go on.
        var seen: [BlobID] = []
        while true {
            let page = try await catalog.blobs(under: old, after: seen.last, limit: 4)
            try expectSame(try await catalog.rewrap(page.map { Self.change($0, to: next) }), page.count, "all of it")
            seen += page.map(\.id)
            if page.count < 4 { break }
            if seen.count == 4 {
                let id = try await catalog.addReady().source.id
                try expect(!seen.contains(id), "a new blob is none of the old")
            }
        }
        try expect(Set(seen).isSuperset(of: all.map(\.id)), "no blob is missed while the set shrinks and grows")
        try expectSame(Set(seen).count, seen.count, "and none comes twice")
    }

    static func checkKeysReopened(_ catalog: any Catalog, _ reopen: Reopen) async throws {
        let next = Samples.key("next", createdAt: Samples.moment(plus: 1))
        try await catalog.add(next)
        let ready = try await catalog.addReady()
        _ = try await catalog.rewrap([Self.change(ready.source, to: next, 5)])
        let again = try await reopen()
        try expectSame(try await again.envelopeKeys(), [next, Samples.envelopeKey], "keys are there after a restart")
        let found = try await again.version(ready.ref)
        try expectSame(found?.source.rewrapped, Self.wrapped(5), "so are data keys that were wrapped anew")
        try await expectCatalogError(.keyInUse, "and they are needed") { try await again.retire(next.id) }
    }
}
