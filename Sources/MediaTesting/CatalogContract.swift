package import MediaModel

/// What `Catalog` promises, a clause a case. An adapter's test runs every case on a catalog of its own:
/// `@Test(arguments: CatalogContract.allCases)`.
package struct CatalogContract: Sendable, CustomStringConvertible {
    /// The same data in a new instance, as after a restart of the process.
    package typealias Reopen = () async throws -> any Catalog

    package static let allCases =
        uploads + reads + sources + life + keys + verification + reseal + poison + purges + further

    /// The clause as a sentence.
    package let description: String
    private let body: @Sendable (any Catalog, Reopen) async throws -> Void

    init(_ claim: String, _ body: @escaping @Sendable (any Catalog) async throws -> Void) {
        self.description = claim
        self.body = { catalog, _ in try await body(catalog) }
    }

    init(_ claim: String, reopening body: @escaping @Sendable (any Catalog, Reopen) async throws -> Void) {
        self.description = claim
        self.body = body
    }

    /// - Parameters:
    ///   - catalog: empty.
    ///   - reopen: the same data in a new instance, as after a restart of the process.
    package func check(_ catalog: any Catalog, reopen: Reopen) async throws {
        try await catalog.add(Samples.envelopeKey)
        try await self.body(catalog, reopen)
    }
}

// MARK: - Steps

func expectSame<Value: Equatable>(_ found: Value, _ expected: Value, _ claim: String) throws {
    if found != expected { throw ContractViolation("\(claim): expected \(expected), found \(found)") }
}

func expectCatalogError(_ code: CatalogError.Code, _ claim: String, _ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as CatalogError {
        if error.code == code { return }
        throw ContractViolation("\(claim): expected \(code), found \(error) (\(error.detail))")
    } catch {
        throw ContractViolation("\(claim): expected a CatalogError, found \(error)")
    }
    throw ContractViolation("\(claim): expected \(code), found no error")
}

extension Catalog {
    /// A version that began; a later one than the first gets its number reserved before.
    package func addProcessing(
        _ number: Int = 1,
        of asset: AssetID = .make(),
        sha256: SHA256Digest? = nil
    ) async throws -> AssetVersion {
        let version = Samples.version(number, of: asset, sha256: sha256)
        if number > 1 {
            let reserved = try await self.reserveVersion(of: asset)
            try expectSame(reserved, version.ref.number, "the next number is \(number)")
        }
        return try await self.begin(version)
    }

    /// Commit 1 without terms.
    @discardableResult
    package func begin(_ version: AssetVersion) async throws -> AssetVersion {
        try await self.begin(version, terms: CommitTerms())
    }

    /// Commit 2 without a quota.
    package func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition]
    ) async throws -> AssetVersion {
        try await self.complete(ref, sourceSize: sourceSize, renditions: renditions, quota: .none)
    }

    /// A failure that gives the source up.
    package func fail(_ ref: VersionRef, failure: String) async throws -> [BlobID] {
        try await self.fail(ref, failure: failure, keepsSource: false)
    }

    /// Completes `version` with sample renditions.
    package func finish(_ version: AssetVersion) async throws -> AssetVersion {
        let renditions = Samples.renditions(of: version)
        return try await self.complete(version.ref, sourceSize: Samples.sourceSize, renditions: renditions)
    }

    /// A version that is ready.
    package func addReady(
        _ number: Int = 1,
        of asset: AssetID = .make(),
        sha256: SHA256Digest? = nil
    ) async throws -> AssetVersion {
        try await self.finish(self.addProcessing(number, of: asset, sha256: sha256))
    }

    /// A first version that failed.
    package func addFailed() async throws -> AssetVersion {
        let version = try await self.addProcessing()
        _ = try await self.fail(version.ref, failure: "undecodable")
        guard let failed = try await self.version(version.ref) else {
            throw ContractViolation("a version that failed is gone")
        }
        return failed
    }

    /// What delivery finds for the first of `version`'s presets.
    func firstRendition(
        of version: AssetVersion,
        _ selector: VersionSelector
    ) async throws -> DeliverableRendition? {
        try await self.rendition(of: version.ref.asset, version: selector, preset: version.presets[0].name)
    }
}
