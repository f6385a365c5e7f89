import MediaModel

// A blob that was sealed anew takes the place of the old one wherever that is named.

extension CatalogContract {
    static let reseal = [
        CatalogContract("a blob sealed anew takes the old one's place everywhere", checkReplaceEverywhere),
        CatalogContract("a blob takes the place of its equal only", checkReplaceEverywhereRefused),
    ]

    static func checkReplaceEverywhere(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let second = Samples.version(of: Samples.assetID(4711), source: first.source)
        _ = try await catalog.begin(second, terms: CommitTerms())
        let usage = try await catalog.usage(of: .default)
        for old in [first.source, first.renditions[0].blob] {
            let new = Self.anew(old)
            try await catalog.replace(old.id, with: new)
            let known = try await catalog.known(among: [old.id, new.id])
            try expectSame(known, [new.id], "the new blob is named, the old one not")
        }
        let now = try await catalog.version(first.ref)
        let shared = try await catalog.version(second.ref)
        try expectSame(now?.source.id, shared?.source.id, "both versions have the new source")
        try expectSame(now?.source.sha256, first.source.sha256, "which is the same picture")
        try expectSame(now?.renditions.map(\.blob.sha256), first.renditions.map(\.blob.sha256), "no bytes change")
        try expectSame(try await catalog.usage(of: .default), usage, "what is used is the same")
    }

    static func checkReplaceEverywhereRefused(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let blob = ready.renditions[0].blob
        let attempts: [(String, BlobID, BlobRecord)] = [
            ("nothing names it", .make(), Self.anew(blob)),
            ("another identity", ready.renditions[1].blob.id, Self.anew(blob)),
            ("named already", blob.id, blob),
        ]
        for (claim, old, new) in attempts {
            try await expectCatalogError(.conflict, claim) { try await catalog.replace(old, with: new) }
        }
        try expectSame(try await catalog.version(ready.ref), ready, "a refusal changes nothing")
    }

    /// The same picture in another blob.
    private static func anew(_ old: BlobRecord) -> BlobRecord {
        BlobRecord(
            id: .make(),
            sealedAs: old.sealedAs,
            bytes: old.bytes,
            sealedBytes: old.sealedBytes,
            sha256: old.sha256,
            envelopeKey: old.envelopeKey
        )
    }
}
