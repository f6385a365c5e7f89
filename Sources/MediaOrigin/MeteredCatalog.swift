package import MediaModel
import Metrics

/// A catalog whose calls are timed by what they were.
///
/// It stands next to the adapter: a commit that could not be made durable may be on the disk all the same, and only a
/// restart can tell. So the process ends right where that shows, before any caller undoes what may have happened.
package struct MeteredCatalog: Catalog {
    private let base: any Catalog
    private let reserve: CatalogTimer
    private let release: CatalogTimer
    private let begin: CatalogTimer
    private let complete: CatalogTimer
    private let fail: CatalogTimer
    private let discard: CatalogTimer
    private let version: CatalogTimer
    private let newest: CatalogTimer
    private let rendition: CatalogTimer
    private let page: CatalogTimer
    private let unfinished: CatalogTimer
    private let known: CatalogTimer
    private let health: CatalogTimer

    package init(_ base: any Catalog, storageFailure: StorageFailure) {
        let timer = { CatalogTimer($0, storageFailure) }
        self.base = base
        self.reserve = timer("reserve-version")
        self.release = timer("release-version")
        self.begin = timer("begin")
        self.complete = timer("complete")
        self.fail = timer("fail")
        self.discard = timer("discard")
        self.version = timer("version")
        self.newest = timer("newest-version")
        self.rendition = timer("rendition")
        self.page = timer("page")
        self.unfinished = timer("unfinished")
        self.known = timer("known")
        self.health = timer("health")
    }

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

    package func checkHealth() async throws { try await self.health.time { try await self.base.checkHealth() } }
}

/// Times one kind of call, however it ends.
private struct CatalogTimer: Sendable {
    private let timer: Timer
    private let storageFailure: StorageFailure

    init(_ operation: String, _ storageFailure: StorageFailure) {
        self.storageFailure = storageFailure
        self.timer = Timer(
            label: "media_catalog_operation_duration_seconds",
            dimensions: [("operation", operation)]
        )
    }

    func time<Result>(_ operation: () async throws -> Result) async throws -> Result {
        let start = ContinuousClock.now
        defer { self.timer.record(duration: ContinuousClock.now - start) }
        do {
            return try await operation()
        } catch {
            self.storageFailure.inspect(error)
            throw error
        }
    }
}
