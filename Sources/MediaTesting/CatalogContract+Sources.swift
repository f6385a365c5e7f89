import MediaModel

// What several uploads share: pictures, idempotency keys, a tenant's room.

extension CatalogContract {
    static let sources = [
        CatalogContract("a picture that is there is not stored twice", checkDedupe),
        CatalogContract("another tenant's picture is not shared", checkDedupeOfTenants),
        CatalogContract("equal uploads at once share one source", checkDedupeAtOnce),
        CatalogContract("a version may be made of a source that is named", checkNamedSource),
        CatalogContract("a source that was given up meanwhile is refused", checkLostSource),
        CatalogContract("a shared source goes with the last version that has it", checkSharedSource),
        CatalogContract("a failed version does not hold a shared source", checkSharedSourceOfFailed),
        CatalogContract("a damaged source is sound for no new version", checkDamagedSource),
        CatalogContract("an idempotency key belongs to one upload", checkIdempotencyKey),
        CatalogContract("discarding frees the idempotency key", checkIdempotencyKeyOfDiscarded),
        CatalogContract("idempotency keys are freed by age", checkOldIdempotencyKeys),
        CatalogContract("usage is what is stored", checkUsage),
        CatalogContract("a quota is never exceeded", checkQuota),
        CatalogContract("a quota is never exceeded by uploads at once", checkQuotaAtOnce),
        CatalogContract("sums are right after any operations", checkSums),
    ]
}

// MARK: - Equal pictures

extension CatalogContract {
    static func checkDedupe(_ catalog: any Catalog) async throws {
        let picture = Samples.digest(1)
        let first = try await catalog.begin(Samples.version(sha256: picture))
        let given = Samples.version(sha256: picture)
        let second = try await catalog.begin(given)
        try expectSame(second.source, first.source, "the second upload is given the first one's source")
        try expectSame(second.ref, given.ref, "and is what it was else")
        try expectSame(try await catalog.version(second.ref), second, "as every reader sees")
        let known = try await catalog.known(among: [first.source.id, given.source.id])
        try expectSame(known, [first.source.id], "nothing names the blob that was not taken")
        let found = try await catalog.source(of: .default, sha256: picture, bytes: first.source.bytes)
        try expectSame(found, first.source, "the source is found by its digest")
        let larger = try await catalog.source(of: .default, sha256: picture, bytes: first.source.bytes + 1)
        try expect(larger == nil, "and by its size")
        let uses = try await catalog.uses(of: first.source.id)
        let refs = [first.ref, second.ref].sorted { $0.asset < $1.asset }
        try expectSame(uses, refs.map { .source(of: $0) }, "both versions name it")
        let third = try await catalog.addReady(2, of: first.ref.asset, sha256: picture)
        try expectSame(third.source, first.source, "a later version of the same asset shares it, too")
        let ready = try await catalog.finish(second)
        try expectSame(ready.source, first.source, "completing changes nothing in that")
        let rendition = ready.renditions[0].blob
        let none = try await catalog.source(of: .default, sha256: rendition.sha256, bytes: rendition.bytes)
        try expect(none == nil, "a rendition is no source")
    }

    static func checkDedupeOfTenants(_ catalog: any Catalog) async throws {
        let other = Tenant(name: "other")
        let ours = try await catalog.begin(Samples.version(sha256: Samples.digest(1)))
        let given = Samples.version(tenant: other, sha256: Samples.digest(1))
        let theirs = try await catalog.begin(given)
        try expectSame(theirs, given, "another tenant's equal picture is stored for it")
        let bytes = ours.source.bytes
        let found = try await catalog.source(of: other, sha256: Samples.digest(1), bytes: bytes)
        try expectSame(found, given.source, "each tenant finds its own")
        let thief = Samples.version(tenant: other, source: ours.source)
        try await expectCatalogError(.conflict, "a source is its tenant's") { try await catalog.begin(thief) }
        let later = try await catalog.reserveVersion(of: ours.ref.asset)
        let intruder = Samples.version(later.value, of: ours.ref.asset, tenant: other)
        try await expectCatalogError(.conflict, "an asset is its tenant's") { try await catalog.begin(intruder) }
    }

    static func checkDedupeAtOnce(_ catalog: any Catalog) async throws {
        let begun = try await withThrowingTaskGroup(of: AssetVersion.self) { group in
            for number in 0..<60 {
                group.addTask { try await catalog.begin(Samples.version(sha256: Samples.digest(number % 3))) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let sources = Set(begun.map(\.source.id))
        try expectSame(sources.count, 3, "three pictures, uploaded sixty times at once, are three blobs")
        let totals = try await catalog.blobTotals()
        try expectSame(totals.blobs, 3, "and no more are named")
    }

    static func checkNamedSource(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let second = try await catalog.begin(Samples.version(source: first.source))
        try expectSame(second.source, first.source, "a version may be made of a picture that is there")
        _ = try await catalog.finish(second)
        let failed = try await catalog.addFailed()
        let removed = Samples.version(source: failed.source)
        try await expectCatalogError(.conflict, "but not of one that was removed") { try await catalog.begin(removed) }
        try expect(try await catalog.newestVersion(of: removed.ref.asset) == nil, "a refused version leaves no asset")
    }

    static func checkLostSource(_ catalog: any Catalog) async throws {
        let gone = try await catalog.addProcessing()
        _ = try await catalog.discard(gone.ref)
        let late = Samples.version(source: gone.source)
        try await expectCatalogError(.conflict, "the blob of another version is not taken for a new one") {
            try await catalog.begin(late)
        }
        let known = try await catalog.known(among: [gone.source.id])
        try expect(known.isEmpty, "its file may be gone: nothing names it")
    }

    static func checkSharedSource(_ catalog: any Catalog) async throws {
        let picture = Samples.digest(7)
        let first = try await catalog.addReady(sha256: picture)
        let second = try await catalog.begin(Samples.version(sha256: picture))
        let third = try await catalog.begin(Samples.version(sha256: picture))
        try expectSame(try await catalog.discard(second.ref), [], "another version has the source still")
        try await catalog.delete(first.ref.asset, at: Samples.moment)
        let erased = try await catalog.erase(first.ref.asset)
        try expectSame(Set(erased), Set(first.renditions.map(\.blob.id)), "only the renditions go with the asset")
        let known = try await catalog.known(among: [first.source.id] + erased)
        try expectSame(known, [first.source.id], "the source stays for the third")
        try expectSame(try await catalog.discard(third.ref), [first.source.id], "and goes with it")
        let totals = try await catalog.blobTotals()
        try expectSame(totals, BlobTotals(blobs: 0, sealedBytes: 0), "nothing is left")
        let usage = try await catalog.usage(of: .default)
        try expectSame(usage, .none, "and nothing is counted")
    }

    static func checkSharedSourceOfFailed(_ catalog: any Catalog) async throws {
        let picture = Samples.digest(8)
        let first = try await catalog.begin(Samples.version(sha256: picture))
        let second = try await catalog.begin(Samples.version(sha256: picture))
        let kept = try await catalog.fail(first.ref, failure: "undecodable")
        try expectSame(kept, [], "another version has the source still")
        let uses = try await catalog.uses(of: first.source.id)
        try expectSame(uses, [.source(of: second.ref)], "which is the only one that names it")
        let given = try await catalog.discard(second.ref)
        try expectSame(given, [first.source.id], "a failed version that gave its source up does not hold it")
        let shown = try await catalog.version(first.ref)
        try expectSame(shown?.source, first.source, "but shows what it was")
        let found = try await catalog.source(of: .default, sha256: picture, bytes: first.source.bytes)
        try expect(found == nil, "a removed source is not found")
        let again = try await catalog.begin(Samples.version(sha256: picture))
        try expect(again.source.id != first.source.id, "an equal upload is stored anew")
        try await catalog.delete(first.ref.asset, at: Samples.moment)
        let erased = try await catalog.erase(first.ref.asset)
        try expectSame(erased, [], "what was given up before is not given up again")
    }

    static func checkDamagedSource(_ catalog: any Catalog) async throws {
        let picture = Samples.digest(9)
        let first = try await catalog.addReady(sha256: picture)
        try await catalog.setDamage("corrupt", of: first.source.id)
        let bytes = first.source.bytes
        var found = try await catalog.source(of: .default, sha256: picture, bytes: bytes)
        try expect(found == nil, "a damaged source is not found")
        let given = Samples.version(sha256: picture)
        try expectSame(try await catalog.begin(given), given, "an equal upload is stored anew")
        let made = Samples.version(source: first.source)
        try await expectCatalogError(.conflict, "no version is made of it") { try await catalog.begin(made) }
        try expectSame(try await catalog.version(first.ref), first, "the version that has it stays as it is")
        _ = try await catalog.discard(given.ref)
        try await catalog.setDamage(nil, of: first.source.id)
        found = try await catalog.source(of: .default, sha256: picture, bytes: bytes)
        try expectSame(found, first.source, "one that is sound again is found")
    }
}

// MARK: - Idempotency keys

extension CatalogContract {
    private static func terms(_ key: String, target: String = "new") throws -> CommitTerms {
        guard let key = IdempotencyKey(key) else { throw ContractViolation("'\(key)' is an idempotency key") }
        return CommitTerms(idempotencyKey: key, target: target)
    }

    private static func upload(
        under key: String,
        of tenant: Tenant = .default,
        in catalog: any Catalog
    ) async throws -> IdempotentUpload? {
        guard let key = IdempotencyKey(key) else { throw ContractViolation("'\(key)' is an idempotency key") }
        return try await catalog.upload(under: key, of: tenant)
    }

    static func checkIdempotencyKey(_ catalog: any Catalog) async throws {
        try expect(try await Self.upload(under: "k", in: catalog) == nil, "a key is free at first")
        let version = Samples.version(sha256: Samples.digest(1))
        _ = try await catalog.begin(version, terms: Self.terms("k", target: "some asset"))
        let expected = IdempotentUpload(
            ref: version.ref,
            target: "some asset",
            sha256: version.source.sha256,
            bytes: version.source.bytes
        )
        try expectSame(try await Self.upload(under: "k", in: catalog), expected, "then it is the upload's")
        let other = Samples.version()
        try await expectCatalogError(.keyTaken, "a key is taken once") {
            _ = try await catalog.begin(other, terms: Self.terms("k"))
        }
        try expect(try await catalog.version(other.ref) == nil, "a refused upload leaves no version")
        let known = try await catalog.known(among: [other.source.id])
        try expect(known.isEmpty, "and no blob")
        let tenant = Tenant(name: "other")
        _ = try await catalog.begin(Samples.version(tenant: tenant), terms: Self.terms("k"))
        let theirs = try await Self.upload(under: "k", of: tenant, in: catalog)
        try expectSame(theirs?.target, "new", "another tenant's key is another")
        let equal = try await catalog.begin(Samples.version(sha256: Samples.digest(1)), terms: Self.terms("k2"))
        let shared = try await Self.upload(under: "k2", in: catalog)
        try expectSame(shared?.ref, equal.ref, "an upload that shares its source has its own key")
        _ = try await catalog.finish(version)
        _ = try await catalog.fail(equal.ref, failure: "undecodable")
        try expectSame(try await Self.upload(under: "k", in: catalog), expected, "it stays when the version is ready")
        try expectSame(try await Self.upload(under: "k2", in: catalog), shared, "and when it failed")
        try await catalog.delete(version.ref.asset, at: Samples.moment)
        try expectSame(try await Self.upload(under: "k", in: catalog), expected, "and when the asset is deleted")
        _ = try await catalog.erase(version.ref.asset)
        try expect(try await Self.upload(under: "k", in: catalog) == nil, "it goes with the asset")
    }

    static func checkIdempotencyKeyOfDiscarded(_ catalog: any Catalog) async throws {
        let version = Samples.version()
        _ = try await catalog.begin(version, terms: Self.terms("k"))
        _ = try await catalog.discard(version.ref)
        try expect(try await Self.upload(under: "k", in: catalog) == nil, "the key is free again")
        let again = Samples.version()
        _ = try await catalog.begin(again, terms: Self.terms("k"))
        let found = try await Self.upload(under: "k", in: catalog)
        try expectSame(found?.ref, again.ref, "for another upload")
    }

    static func checkOldIdempotencyKeys(_ catalog: any Catalog) async throws {
        for number in 0..<6 {
            let version = Samples.version(createdAt: Samples.moment(plus: number * 1000))
            _ = try await catalog.begin(version, terms: Self.terms("k\(number)"))
        }
        let before = Samples.moment(plus: 4000)
        var counts: [Int] = []
        for _ in 0..<3 { counts.append(try await catalog.releaseIdempotencyKeys(before: before, limit: 3)) }
        try expectSame(counts, [3, 1, 0], "what is older is freed, as many at once as asked for")
        for number in 0..<6 {
            let isFree = try await Self.upload(under: "k\(number)", in: catalog) == nil
            try expectSame(isFree, number < 4, "key \(number), of \(number) s, is freed where it is older than 4 s")
        }
        let again = Samples.version(createdAt: Samples.moment(plus: 9000))
        _ = try await catalog.begin(again, terms: Self.terms("k1"))
        let page = try await catalog.page(after: nil, limit: 10)
        try expectSame(page.count, 7, "the uploads themselves stay")
    }
}

// MARK: - Usage and quota

extension CatalogContract {
    static func checkUsage(_ catalog: any Catalog) async throws {
        try expectSame(try await catalog.usage(of: .default), .none, "a tenant has nothing at first")
        let version = try await catalog.addProcessing()
        let source = version.source.sealedBytes
        var expected = Usage(bytes: source, files: 1)
        try expectSame(try await catalog.usage(of: .default), expected, "a source counts as it is sealed")
        let ready = try await catalog.finish(version)
        let renditions = ready.renditions.reduce(0) { $0 + $1.blob.sealedBytes }
        expected = Usage(bytes: source + renditions, files: 1)
        try expectSame(try await catalog.usage(of: .default), expected, "so do renditions, which are no files")
        let equal = try await catalog.begin(Samples.version(source: ready.source))
        expected = Usage(bytes: source + renditions, files: 2)
        try expectSame(try await catalog.usage(of: .default), expected, "a shared source counts once")
        _ = try await catalog.fail(equal.ref, failure: "undecodable")
        try expectSame(try await catalog.usage(of: .default), expected, "a failed version is there still")
        try expectSame(try await catalog.usage(of: Tenant(name: "other")), .none, "each tenant has its own")
        try await catalog.delete(ready.ref.asset, at: Samples.moment)
        try expectSame(try await catalog.usage(of: .default), expected, "what is deleted counts until it is erased")
        _ = try await catalog.erase(ready.ref.asset)
        expected = Usage(bytes: 0, files: 1)
        try expectSame(try await catalog.usage(of: .default), expected, "and no longer")
    }

    static func checkQuota(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let used = try await catalog.usage(of: .default)
        let next = Samples.version()
        let exact = used.bytes + next.source.sealedBytes
        let small = [Quota(bytes: exact - 1, files: nil), Quota(bytes: nil, files: 1), Quota(bytes: 0, files: 0)]
        for quota in small {
            try await expectCatalogError(.quotaExceeded, "an upload beyond the quota is refused") {
                _ = try await catalog.begin(next, terms: CommitTerms(quota: quota))
            }
            try expect(try await catalog.version(next.ref) == nil, "a refused upload leaves no version")
            try expectSame(try await catalog.usage(of: .default), used, "and counts nothing")
        }
        _ = try await catalog.begin(next, terms: CommitTerms(quota: Quota(bytes: exact, files: 2)))
        let renditions = Samples.renditions(of: next)
        try await expectCatalogError(.quotaExceeded, "renditions count") {
            _ = try await catalog.complete(
                next.ref,
                sourceSize: Samples.sourceSize,
                renditions: renditions,
                quota: Quota(bytes: exact + 1, files: nil)
            )
        }
        try expectSame(try await catalog.version(next.ref), next, "a refused completion changes nothing")
        let all = exact + renditions.reduce(0) { $0 + $1.blob.sealedBytes }
        let quota = Quota(bytes: all, files: 2)
        _ = try await catalog.complete(next.ref, sourceSize: Samples.sourceSize, renditions: renditions, quota: quota)
        let shared = Samples.version(source: first.source)
        let files = CommitTerms(quota: Quota(bytes: all, files: 3))
        _ = try await catalog.begin(shared, terms: files)
        try expectSame(try await catalog.usage(of: .default).bytes, all, "an equal picture needs no bytes")
        let other = Samples.version(tenant: Tenant(name: "other"))
        _ = try await catalog.begin(other, terms: CommitTerms(quota: Quota(bytes: nil, files: 1)))
    }

    static func checkQuotaAtOnce(_ catalog: any Catalog) async throws {
        let source = Samples.version().source.sealedBytes
        let quota = Quota(bytes: 10 * source + source / 2, files: 25)
        let accepted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    do {
                        _ = try await catalog.begin(Samples.version(), terms: CommitTerms(quota: quota))
                        return true
                    } catch let error as CatalogError where error.code == .quotaExceeded {
                        return false
                    }
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        try expectSame(accepted, 10, "as many as the quota has room for are accepted")
        let usage = try await catalog.usage(of: .default)
        try expectSame(usage, Usage(bytes: 10 * source, files: 10), "and no more are there")
    }

    static func checkSums(_ catalog: any Catalog) async throws {
        let tenants = [Tenant.default, Tenant(name: "other")]
        for seed in 1...8 {
            var walk = CatalogWalk(seed: UInt64(seed))
            for step in 1...60 {
                _ = try await walk.step(on: catalog)
                guard step.isMultiple(of: 20) else { continue }
                var sums: [Tenant: Usage] = [:]
                var totals = BlobTotals(blobs: 0, sealedBytes: 0)
                for blob in try await catalog.allBlobs() {
                    let tenant = blob.sealedAs.tenant
                    let sum = sums[tenant, default: .none]
                    sums[tenant] = Usage(bytes: sum.bytes + blob.sealedBytes, files: 0)
                    totals = BlobTotals(blobs: totals.blobs + 1, sealedBytes: totals.sealedBytes + blob.sealedBytes)
                }
                for tenant in tenants {
                    let usage = try await catalog.usage(of: tenant)
                    let claim = "seed \(seed), step \(step): the bytes of \(tenant) are the sum of its blobs"
                    try expectSame(usage.bytes, sums[tenant, default: .none].bytes, claim)
                }
                try expectSame(try await catalog.blobTotals(), totals, "the totals are those of all blobs")
                let findings = try await catalog.audit(repairs: false)
                try expectSame(findings, [], "seed \(seed), step \(step): the audit finds nothing")
            }
        }
    }
}
