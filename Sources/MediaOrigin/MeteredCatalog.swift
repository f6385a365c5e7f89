package import MediaModel
import Metrics

/// A catalog whose calls are timed by what they were.
package struct MeteredCatalog: Catalog {
    private let base: any Catalog
    private let reserve = CatalogTimer("reserve-version")
    private let release = CatalogTimer("release-version")
    private let begin = CatalogTimer("begin")
    private let complete = CatalogTimer("complete")
    private let fail = CatalogTimer("fail")
    private let discard = CatalogTimer("discard")
    private let version = CatalogTimer("version")
    private let newest = CatalogTimer("newest-version")
    private let rendition = CatalogTimer("rendition")
    private let page = CatalogTimer("page")
    private let unfinished = CatalogTimer("unfinished")
    private let known = CatalogTimer("known")

    package init(_ base: any Catalog) { self.base = base }

    package func reserveVersion(of asset: AssetID) async throws -> VersionNumber {
        try await self.reserve.time { try await self.base.reserveVersion(of: asset) }
    }

    package func releaseVersion(_ ref: VersionRef) async throws {
        try await self.release.time { try await self.base.releaseVersion(ref) }
    }

    package func begin(_ version: AssetVersion) async throws {
        try await self.begin.time { try await self.base.begin(version) }
    }

    package func complete(
        _ ref: VersionRef,
        sourceSize: PictureSize,
        renditions: [Rendition]
    ) async throws -> AssetVersion {
        try await self.complete.time {
            try await self.base.complete(ref, sourceSize: sourceSize, renditions: renditions)
        }
    }

    package func fail(_ ref: VersionRef, failure: String) async throws -> [BlobID] {
        try await self.fail.time { try await self.base.fail(ref, failure: failure) }
    }

    package func discard(_ ref: VersionRef) async throws -> [BlobID] {
        try await self.discard.time { try await self.base.discard(ref) }
    }

    package func version(_ ref: VersionRef) async throws -> AssetVersion? {
        try await self.version.time { try await self.base.version(ref) }
    }

    package func newestVersion(of asset: AssetID) async throws -> AssetVersion? {
        try await self.newest.time { try await self.base.newestVersion(of: asset) }
    }

    package func rendition(
        of asset: AssetID,
        version: VersionSelector,
        preset: PresetName
    ) async throws -> DeliverableRendition? {
        try await self.rendition.time { try await self.base.rendition(of: asset, version: version, preset: preset) }
    }

    package func page(after: AssetID?, limit: Int) async throws -> [AssetVersion] {
        try await self.page.time { try await self.base.page(after: after, limit: limit) }
    }

    package func unfinished() async throws -> [VersionRef] {
        try await self.unfinished.time { try await self.base.unfinished() }
    }

    package func known(among blobs: [BlobID]) async throws -> Set<BlobID> {
        try await self.known.time { try await self.base.known(among: blobs) }
    }

    package func checkHealth() async throws { try await self.base.checkHealth() }
}

/// Times one kind of call, however it ends.
private struct CatalogTimer: Sendable {
    private let timer: Timer

    init(_ operation: String) {
        self.timer = Timer(
            label: "media_catalog_operation_duration_seconds",
            dimensions: [("operation", operation)]
        )
    }

    func time<Result>(_ operation: () async throws -> Result) async throws -> Result {
        let start = ContinuousClock.now
        defer { self.timer.record(duration: ContinuousClock.now - start) }
        return try await operation()
    }
}
