import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import MediaBench
import MediaModel
import NIOCore
import NIOHTTP1

/// What can be measured.
enum BenchEndpointName: String, CaseIterable, ExpressibleByArgument {
    /// Renditions by their versioned URL: hits.
    case thumbnail, preview
    /// The larger of them as `latest`, not modified, and the first kilobyte of it.
    case latest
    case notModified = "not-modified"
    case range
    case original, upload, manifest
    /// Of the admin listener: what the least request takes.
    case livez
}

/// The requests of each endpoint, for one asset.
struct BenchTargets: Sendable {
    private static let rangeBytes = 1024

    private let site: BenchSite.Connected
    private let pictures: BenchPictures
    private let assets: BenchAssets
    private let asset: AssetID
    /// Paths by preset.
    private let renditions: [String: String]
    /// Of the rendition that is the larger one.
    private let etag: String

    /// Uploads the picture that is asked for.
    init(_ site: BenchSite.Connected, _ pictures: BenchPictures, _ assets: BenchAssets) async throws {
        let manifest = try await assets.upload(pictures.first, site)
        guard let asset = AssetID(manifest.id), let renditions = manifest.renditions, !renditions.isEmpty else {
            throw BenchError(
                .service,
                """
                the service made nothing of the picture: version \(manifest.version) is \(manifest.state)
                  look into the service's log; --picture FILE measures with another
                """
            )
        }
        self.site = site
        self.pictures = pictures
        self.assets = assets
        self.asset = asset
        self.renditions = renditions.compactMapValues { WarmList.path($0.url) }
        self.etag = try await Self.etag(Self.larger(self.renditions), site)
    }

    /// Those that are wanted; empty: those that there are.
    func endpoints(_ wanted: [BenchEndpointName]) throws -> [BenchEndpoint] {
        for name in wanted {
            if let obstacle = self.obstacle(to: name) { throw BenchError(.service, "\(name.rawValue): \(obstacle)") }
        }
        let names = BenchEndpointName.allCases.filter { name in
            wanted.isEmpty ? self.obstacle(to: name) == nil : wanted.contains(name)
        }
        return names.map(self.endpoint)
    }

    /// Why it cannot be measured, and what to do.
    private func obstacle(to name: BenchEndpointName) -> String? {
        switch name {
        case .thumbnail, .preview:
            self.renditions[name.rawValue] == nil ? "the service has no preset of that name; leave it out" : nil
        case .livez:
            self.site.site.adminURL == nil ? "it is on the admin listener: say where with --admin-url" : nil
        case .original:
            self.site.site.hasToken ? nil : "sources are given out for a token only: give it with --token"
        default: nil
        }
    }

    /// One request of an endpoint, and what must come of it.
    private struct Ask {
        let request: HTTPClientRequest
        let wanted: HTTPResponseStatus
        /// Whether a CDN would ask so.
        var isPicture = true
    }

    private func endpoint(_ name: BenchEndpointName) -> BenchEndpoint {
        guard let ask = self.ask(name) else {
            return BenchEndpoint(name.rawValue) { number in
                let request = BenchAssets.request(self.pictures.upload(number), self.site)
                return await self.site.answer(to: request, .created) { [assets] in assets.note($0) }
            }
        }
        return BenchEndpoint(name.rawValue, wire: self.site.wire(ask.request, ask.wanted)) { _ in
            await self.site.answer(to: ask.request, isPicture: ask.isPicture, ask.wanted)
        }
    }

    /// Nil for an upload, of which each is another one.
    private func ask(_ name: BenchEndpointName) -> Ask? {
        let path = Self.larger(self.renditions)
        switch name {
        case .thumbnail, .preview:
            return Ask(request: self.get(self.renditions[name.rawValue] ?? path), wanted: .ok)
        case .latest:
            return Ask(request: self.get(path.replacing("/v1/", with: "/latest/")), wanted: .ok)
        case .notModified:
            return Ask(request: self.get(path, ("If-None-Match", self.etag)), wanted: .notModified)
        case .range:
            return Ask(request: self.get(path, ("Range", "bytes=0-\(Self.rangeBytes - 1)")), wanted: .partialContent)
        case .original:
            let request = self.site.request(.GET, "/a/\(self.asset)/v1/original", isPrivate: true)
            return Ask(request: request, wanted: .ok, isPicture: false)
        case .manifest:
            let request = self.site.request(.GET, "/v1/assets/\(self.asset)", isPrivate: true)
            return Ask(request: request, wanted: .ok, isPicture: false)
        case .livez:
            let request = HTTPClientRequest(url: "\(self.site.site.adminURL ?? "")/livez")
            return Ask(request: request, wanted: .ok, isPicture: false)
        case .upload:
            return nil
        }
    }

    private func get(_ path: String, _ field: (name: String, value: String)? = nil) -> HTTPClientRequest {
        var request = self.site.request(.GET, path, isPrivate: false)
        if let field { request.headers.add(name: field.name, value: field.value) }
        return request
    }

    /// The preview, or whatever comes last.
    private static func larger(_ renditions: [String: String]) -> String {
        renditions[BenchEndpointName.preview.rawValue] ?? renditions.sorted { $0.key < $1.key }.last?.value ?? "/"
    }

    private static func etag(_ path: String, _ site: BenchSite.Connected) async throws -> String {
        let response = try await site.head(path)
        guard let etag = response.first(name: "ETag") else {
            throw BenchError(.service, "\(path) was answered without an ETag; is --origin an image origin?")
        }
        return etag
    }
}
