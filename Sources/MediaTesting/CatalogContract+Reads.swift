import MediaModel

// What readers find, and what outlives a restart.

extension CatalogContract {
    static let reads = [
        CatalogContract("the newest version is the one with the highest number", checkNewest),
        CatalogContract("unknown things are nil", checkUnknown),
        CatalogContract("pages of assets are in order and complete", checkPages),
        CatalogContract("pages of versions are newest first and complete", checkVersionPages),
        CatalogContract("unfinished versions are listed oldest first", checkUnfinished),
        CatalogContract("known blobs are those that rows name", checkKnown),
        CatalogContract("a rendition is no source", checkRenditionAsSource),
        CatalogContract("every field is kept", checkFields),
        CatalogContract("writes outlive the catalog", reopening: checkReopen),
        CatalogContract("writes at once do not lose each other", checkConcurrency),
        CatalogContract("a cancelled caller is served", checkCancellation),
        CatalogContract("a sound catalog is healthy") { try await $0.checkHealth() },
    ]
}

// MARK: - Reads

extension CatalogContract {
    static func checkNewest(_ catalog: any Catalog) async throws {
        let first = try await catalog.addReady()
        let second = try await catalog.addProcessing(2, of: first.ref.asset)
        try expectSame(try await catalog.newestVersion(of: first.ref.asset), second, "processing counts")
        _ = try await catalog.fail(second.ref, failure: "undecodable")
        let newest = try await catalog.newestVersion(of: first.ref.asset)
        try expectSame(newest?.ref, second.ref, "failed counts")
        let third = try await catalog.addReady(3, of: first.ref.asset)
        try expectSame(try await catalog.newestVersion(of: first.ref.asset), third, "ready counts")
    }

    static func checkUnknown(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let unknown = VersionRef(asset: ready.ref.asset, number: .max)
        try expect(try await catalog.version(unknown) == nil, "an unknown version is nil")
        try expect(try await catalog.newestVersion(of: .make()) == nil, "an unknown asset is nil")
        let other = Samples.version()
        for selector in [VersionSelector.latest, .number(.first)] {
            let found = try await catalog.firstRendition(of: other, selector)
            try expect(found == nil, "an unknown asset has no rendition")
        }
        let numbered = try await catalog.firstRendition(of: ready, .number(.max))
        try expect(numbered == nil, "an unknown version has no rendition")
        guard let name = PresetName("unknown") else { throw ContractViolation("'unknown' is a preset's name") }
        let named = try await catalog.rendition(of: ready.ref.asset, version: .latest, preset: name)
        try expect(named == nil, "an unknown preset has no rendition")
    }

    static func checkPages(_ catalog: any Catalog) async throws {
        let empty = try await catalog.page(after: nil, limit: 3)
        try expect(empty.isEmpty, "a new catalog has no assets")
        for number in [5, 3, 1, 4, 2, 300] { _ = try await catalog.addReady(of: Samples.assetID(number)) }
        let second = try await catalog.addProcessing(2, of: Samples.assetID(4))
        let expected = [1, 2, 3, 4, 5, 300].map { Samples.assetID($0) }
        for limit in 1...7 {
            var listed: [AssetVersion] = []
            var page: [AssetVersion]
            repeat {
                page = try await catalog.page(after: listed.last?.ref.asset, limit: limit)
                try expect(page.count <= limit, "a page has at most \(limit) rows")
                listed += page
            } while page.count == limit
            try expectSame(listed.map(\.ref.asset), expected, "pages of \(limit) give all assets in order, each once")
            try expectSame(listed[3], second, "each as its newest version")
            try expect(listed[0].renditions.count == 2, "with its renditions")
        }
    }

    static func checkVersionPages(_ catalog: any Catalog) async throws {
        let none = try await catalog.versions(of: .make(), before: nil, limit: 3)
        try expect(none.isEmpty, "an unknown asset has no versions")
        let asset = AssetID.make()
        var versions = [try await catalog.addReady(of: asset)]
        for number in 2...5 { versions.insert(try await catalog.addReady(number, of: asset), at: 0) }
        versions.insert(try await catalog.addProcessing(6, of: asset), at: 0)
        _ = try await catalog.addReady()
        for limit in 1...7 {
            var listed: [AssetVersion] = []
            var page: [AssetVersion]
            repeat {
                page = try await catalog.versions(of: asset, before: listed.last?.ref.number, limit: limit)
                try expect(page.count <= limit, "a page has at most \(limit) rows")
                listed += page
            } while page.count == limit
            try expectSame(listed, versions, "pages of \(limit) give all versions, newest first, each once")
        }
    }

    static func checkUnfinished(_ catalog: any Catalog) async throws {
        var refs: [VersionRef] = []
        for (number, milliseconds) in [(1, 300), (2, 100), (3, 200), (4, 100)] {
            let moment = Samples.moment(plus: milliseconds)
            let version = Samples.version(of: Samples.assetID(number), createdAt: moment)
            try await catalog.begin(version)
            refs.append(version.ref)
        }
        _ = try await catalog.addReady()
        _ = try await catalog.addFailed()
        let unfinished = try await catalog.unfinished()
        try expectSame(unfinished, [refs[1], refs[3], refs[2], refs[0]], "what is processing, oldest first")
    }

    static func checkKnown(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let processing = try await catalog.addProcessing()
        let failed = try await catalog.addFailed()
        let named = [ready.source.id, processing.source.id] + ready.renditions.map(\.blob.id)
        let known = try await catalog.known(among: named + [failed.source.id, .make(), named[0]])
        try expectSame(known, Set(named), "known are the blobs that a row names and the store must have")
        let none = try await catalog.known(among: [])
        try expect(none.isEmpty, "of no blobs none is known")
    }

    static func checkRenditionAsSource(_ catalog: any Catalog) async throws {
        let ready = try await catalog.addReady()
        let fresh = Samples.version()
        let thief = AssetVersion(
            ref: fresh.ref,
            tenant: fresh.tenant,
            state: .processing,
            createdAt: fresh.createdAt,
            source: ready.renditions[0].blob,
            presets: fresh.presets
        )
        try await expectCatalogError(.conflict, "a rendition is no source") { try await catalog.begin(thief) }
        try expect(try await catalog.newestVersion(of: thief.ref.asset) == nil, "a refused version leaves no asset")
    }

    static func checkFields(_ catalog: any Catalog) async throws {
        let presets = try ["odd-name_1:w=640,h=480,fit=pad,bg=11223344,q=1,effort=0", "b:h=16383,lossless=1,anim=1"]
            .map { try Preset(text: $0) }
        for milliseconds in [0, 1, 2, 3, 5, 7, 999, -1_795_244_400_123] {
            let moment = Samples.moment(plus: milliseconds)
            let version = Samples.version(presets: presets, createdAt: moment, isAnnounced: milliseconds == 0)
            try await catalog.begin(version)
            try expectSame(try await catalog.version(version.ref), version, "a version's fields are kept")
            let ready = try await catalog.finish(version)
            try expectSame(try await catalog.version(version.ref), ready, "a ready version's fields are kept")
        }
    }
}

// MARK: - Durability and concurrency

extension CatalogContract {
    static func checkReopen(_ catalog: any Catalog, _ reopen: () async throws -> any Catalog) async throws {
        let ready = try await catalog.addReady()
        let processing = try await catalog.addProcessing(2, of: ready.ref.asset)
        let failed = try await catalog.addFailed()
        _ = try await catalog.reserveVersion(of: ready.ref.asset)
        let again = try await reopen()
        for version in [ready, processing, failed] {
            try expectSame(try await again.version(version.ref), version, "versions are there after a restart")
        }
        let next = try await again.reserveVersion(of: ready.ref.asset)
        try expectSame(next, VersionNumber(4), "a reservation outlives a restart")
        let unfinished = try await again.unfinished()
        try expectSame(unfinished, [processing.ref], "so does what was unfinished")
    }

    static func checkConcurrency(_ catalog: any Catalog) async throws {
        let shared = try await catalog.addReady()
        let numbers = try await withThrowingTaskGroup(of: VersionNumber.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    let number = try await catalog.reserveVersion(of: shared.ref.asset)
                    let version = Samples.version(number.value, of: shared.ref.asset)
                    try await catalog.begin(version)
                    let ready = try await catalog.finish(version)
                    try expectSame(try await catalog.version(version.ref), ready, "a read sees the write before it")
                    return number
                }
            }
            return try await group.reduce(into: Set<VersionNumber>()) { $0.insert($1) }
        }
        try expectSame(numbers, Set((2...33).map { VersionNumber($0) }), "no number is given out twice")
        let latest = try await catalog.firstRendition(of: shared, .latest)
        try expectSame(latest?.ref.number, VersionNumber(33), "latest is the highest of them all")
    }

    static func checkCancellation(_ catalog: any Catalog) async throws {
        let version = try await catalog.addProcessing()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                withUnsafeCurrentTask { $0?.cancel() }
                try expectSame(try await catalog.version(version.ref), version, "a cancelled caller may read")
                _ = try await catalog.discard(version.ref)
            }
            try await group.waitForAll()
        }
        try expect(try await catalog.version(version.ref) == nil, "an upload that was cut off can be cleaned up")
    }
}
