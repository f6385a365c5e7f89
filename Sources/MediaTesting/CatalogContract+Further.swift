import FoundationEssentials
import MediaModel

// Renditions that are made after the upload.

extension CatalogContract {
    static let further = [
        CatalogContract("a rendition made later is kept beside the others", reopening: checkKept),
        CatalogContract("of two of a name the first stays", checkKeptOnce),
        CatalogContract("a rendition is kept of a ready version only", checkNotKept),
        CatalogContract("what is kept counts, and goes with its asset", checkKeptErased),
        CatalogContract("of recipes without a name no more are kept than may be", checkOneOffs),
        CatalogContract("the blob of a rendition made later can be replaced", checkKeptReplaced),
    ]

    /// A rendition in another format than those that `version` has, and of no bytes that anything else has.
    private static func jpeg(of version: AssetVersion) -> Rendition {
        let recipe = version.presets[0].recipe.made(as: .jpeg)
        let preset = Preset(name: version.presets[0].name, recipe: recipe)
        let blob = Samples.blob(
            of: version.ref,
            variant: RenditionName(preset).description,
            mediaType: "image/jpeg",
            bytes: 20_000
        )
        return Rendition(preset: preset, size: PictureSize(width: 320, height: 240), blob: blob)
    }

    private static func found(
        _ rendition: Rendition,
        of version: AssetVersion,
        in catalog: any Catalog
    ) async throws -> DeliverableRendition? {
        let ref = version.ref
        let name = RenditionName(rendition.preset)
        return try await catalog.furtherRendition(of: ref.asset, version: ref.number, named: name)
    }

    static func checkKept(_ catalog: any Catalog, _ reopen: Reopen) async throws {
        let ready = try await catalog.addReady()
        let jpeg = Self.jpeg(of: ready)
        try expectSame(try await Self.found(jpeg, of: ready, in: catalog), nil, "it is not there at first")
        try expectSame(
            try await catalog.keep(jpeg, of: ready.ref, quota: .none, oneOffsMax: nil),
            jpeg,
            "it is kept as it is"
        )
        let later = try await reopen()
        let expected = DeliverableRendition(ref: ready.ref, rendition: jpeg, createdAt: ready.createdAt)
        try expectSame(try await Self.found(jpeg, of: ready, in: later), expected, "and found after a restart")
        try expectSame(try await later.version(ready.ref), ready, "the version is what it was")
        let name = RenditionName(jpeg.preset)
        try expectSame(try await later.uses(of: jpeg.blob.id), [.further(of: ready.ref, name: name)], "it is a use")
        try expectSame(try await later.audit(repairs: false), [], "and nothing is wrong with it")
        let avif = RenditionName(name.preset, .avif)
        let other = try await later.furtherRendition(of: ready.ref.asset, version: ready.ref.number, named: avif)
        try expectSame(other, nil, "another format is not there")
        let second = try await later.addReady(2, of: ready.ref.asset)
        try expectSame(try await Self.found(jpeg, of: second, in: later), nil, "nor is it of another version")
    }

    static func checkKeptOnce(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let first = Self.jpeg(of: ready)
        let second = Self.jpeg(of: ready)
        _ = try await catalog.keep(first, of: ready.ref, quota: .none, oneOffsMax: nil)
        try expectSame(
            try await catalog.keep(second, of: ready.ref, quota: .none, oneOffsMax: nil),
            first,
            "the first is what there is"
        )
        try expectSame(try await Self.found(second, of: ready, in: catalog)?.rendition, first, "and what is found")
        let known = try await catalog.known(among: [first.blob.id, second.blob.id])
        try expectSame(known, [first.blob.id], "nothing names the second")
    }

    static func checkNotKept(_ catalog: any Catalog) async throws {
        let processing = try await catalog.addProcessing()
        let deleted = try await catalog.addReady()
        try await catalog.delete(deleted.ref.asset, at: Samples.moment)
        let ready = try await catalog.addReady()
        let retired = Samples.blob(of: ready.ref, variant: "thumbnail.jpg", envelopeKey: EnvelopeKeyID("retired"))
        let lost = Rendition(preset: Self.jpeg(of: ready).preset, size: Samples.sourceSize, blob: retired)
        let own = Rendition(
            preset: ready.presets[0],
            size: Samples.sourceSize,
            blob: Samples.blob(of: ready.ref, variant: "thumbnail.webp")
        )
        let attempts: [(CatalogError.Code, String, Rendition, VersionRef, Quota)] = [
            (.conflict, "of one that is not ready", Self.jpeg(of: processing), processing.ref, .none),
            (.conflict, "of one that is not there", Self.jpeg(of: ready), Samples.version().ref, .none),
            (.conflict, "of a name that it became ready with", own, ready.ref, .none),
            (.gone, "of one that was deleted", Self.jpeg(of: deleted), deleted.ref, .none),
            (.keyRetired, "nobody could open it", lost, ready.ref, .none),
            (.quotaExceeded, "it is too much", Self.jpeg(of: ready), ready.ref, Quota(bytes: 1, files: nil)),
        ]
        let totals = try await catalog.blobTotals()
        for (code, claim, rendition, ref, quota) in attempts {
            try await expectCatalogError(code, claim) {
                _ = try await catalog.keep(rendition, of: ref, quota: quota, oneOffsMax: nil)
            }
        }
        try expectSame(try await catalog.blobTotals(), totals, "a refusal leaves no blob")
        try expectSame(try await Self.found(Self.jpeg(of: ready), of: ready, in: catalog), nil, "and no row")
    }

    static func checkKeptErased(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let jpeg = Self.jpeg(of: ready)
        let before = try await catalog.usage(of: .default)
        _ = try await catalog.keep(jpeg, of: ready.ref, quota: .none, oneOffsMax: nil)
        let after = try await catalog.usage(of: .default)
        try expectSame(after.bytes - before.bytes, jpeg.blob.sealedBytes, "its bytes count")
        try expectSame(after.files, before.files, "it is no version")
        try await catalog.delete(ready.ref.asset, at: Samples.moment)
        try expectSame(try await Self.found(jpeg, of: ready, in: catalog), nil, "a deleted asset has none")
        let blobs = try await catalog.erase(ready.ref.asset)
        let all = [ready.source.id, jpeg.blob.id] + ready.renditions.map(\.blob.id)
        try expectSame(Set(blobs), Set(all), "it is given up with the others")
        try expectSame(try await catalog.usage(of: .default), .none, "nothing is used any more")
    }

    static func checkKeptReplaced(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let jpeg = Self.jpeg(of: ready)
        _ = try await catalog.keep(jpeg, of: ready.ref, quota: .none, oneOffsMax: nil)
        let use = BlobUse.further(of: ready.ref, name: RenditionName(jpeg.preset))
        let copies = (0..<2).map { _ in
            Samples.blob(
                of: ready.ref,
                variant: jpeg.blob.sealedAs.variant,
                mediaType: jpeg.blob.sealedAs.mediaType,
                bytes: jpeg.blob.bytes,
                sha256: jpeg.blob.sha256
            )
        }
        let other = Samples.blob(of: ready.ref, variant: "thumbnail.jpg", bytes: jpeg.blob.bytes)
        try await expectCatalogError(.conflict, "the bytes are others") {
            _ = try await catalog.replace(jpeg.blob.id, with: other, of: use)
        }
        let given = try await catalog.replace(jpeg.blob.id, with: copies[0], of: use)
        try expectSame(given, [jpeg.blob.id], "the old one is given up")
        try await catalog.replace(copies[0].id, with: copies[1])
        try expectSame(try await Self.found(jpeg, of: ready, in: catalog)?.rendition.blob, copies[1], "sealed anew")
        let known = try await catalog.known(among: [jpeg.blob.id] + copies.map(\.id))
        try expectSame(known, [copies[1].id], "and only that is named")
    }

    static func checkOneOffs(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let other = try await catalog.addReady(2, of: ready.ref.asset)
        let oneOffs = try (1...3).map { width in
            guard let name = RenditionName("w=\(width).webp"), let preset = Preset(oneOff: name) else {
                throw ContractViolation("'w=\(width).webp' is no recipe's name")
            }
            let blob = Samples.blob(of: ready.ref, variant: name.description, mediaType: "image/webp", bytes: 10)
            return Rendition(preset: preset, size: PictureSize(width: width, height: 1), blob: blob)
        }
        for oneOff in oneOffs.prefix(2) {
            let kept = try await catalog.keep(oneOff, of: ready.ref, quota: .none, oneOffsMax: 2)
            try expectSame(kept, oneOff, "as many as may are kept")
        }
        try await expectCatalogError(.tooManyRecipes, "and no more") {
            _ = try await catalog.keep(oneOffs[2], of: ready.ref, quota: .none, oneOffsMax: 2)
        }
        let again = try await catalog.keep(oneOffs[0], of: ready.ref, quota: .none, oneOffsMax: 2)
        try expectSame(again, oneOffs[0], "those that are kept stay")
        try expectSame(try await Self.found(oneOffs[1], of: ready, in: catalog)?.rendition, oneOffs[1], "and are found")
        try expectSame(try await catalog.known(among: [oneOffs[2].blob.id]), [], "nothing of the third is left")
        let jpeg = Self.jpeg(of: ready)
        _ = try await catalog.keep(jpeg, of: ready.ref, quota: .none, oneOffsMax: 2)
        try expectSame(try await catalog.oneOffs(of: ready.ref), 2, "a preset's formats are not among them")
        try expectSame(try await catalog.oneOffs(of: other.ref), 0, "nor are another version's")
    }
}
