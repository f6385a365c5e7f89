import AsyncHTTPClient
import FoundationEssentials
import MediaModel
import MediaRuntime
import NIOCore
import NIOHTTP1
import Synchronization

/// What a measurement has uploaded, to be erased in the end.
final class BenchAssets: Sendable {
    /// Deletions at a time.
    private static let deletionsMax = 4

    private struct Identity: Decodable {
        let id: String
    }

    private let assets = Mutex<[AssetID]>([])

    /// Uploads a picture and waits for its renditions.
    ///
    /// - Throws: ``OriginFailure``.
    func upload(_ picture: ByteBuffer, _ site: BenchSite.Connected) async throws -> Manifest {
        let text = try await site.text(Self.request(picture, site))
        self.note(ByteBuffer(string: text))
        guard let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(text.utf8)) else {
            throw OriginFailure(
                summary: "\(site.site.origin) answered with something that is no manifest",
                advice: "check that --origin is the address of an image origin"
            )
        }
        return manifest
    }

    static func request(_ picture: ByteBuffer, _ site: BenchSite.Connected) -> HTTPClientRequest {
        var request = site.request(.POST, "/v1/assets", isPrivate: true)
        request.headers.add(name: "Content-Type", value: BenchPictures.mediaType(picture))
        request.body = .bytes(picture)
        return request
    }

    /// Remembers the asset of a manifest.
    func note(_ manifest: ByteBuffer) {
        let identity = try? JSONDecoder().decode(Identity.self, from: Data(manifest.readableBytesView))
        guard let asset = identity.flatMap({ AssetID($0.id) }) else { return }
        self.assets.withLock { $0.append(asset) }
    }

    /// Erases all of them. What cannot be erased is told.
    func remove(_ site: BenchSite.Connected) async {
        let assets = self.assets.withLock { assets in
            defer { assets = [] }
            return assets
        }
        let left = await withTaskGroup(of: AssetID?.self) { group in
            var left: [AssetID] = []
            for (index, asset) in assets.enumerated() {
                if index >= Self.deletionsMax, let kept = await group.next() ?? nil { left.append(kept) }
                group.addTask { await Self.isErased(asset, site) ? nil : asset }
            }
            for await kept in group { if let kept { left.append(kept) } }
            return left
        }
        guard !left.isEmpty else { return }
        let more = left.count > 3 ? " …" : ""
        CommandExit.complain(
            """
            mediactl: \(left.count) of \(assets.count) assets that were uploaded could not be erased
              mediactl delete --immediate \(left.prefix(3).map(\.description).joined(separator: " "))\(more)
            """
        )
    }

    private static func isErased(_ asset: AssetID, _ site: BenchSite.Connected) async -> Bool {
        let request = site.request(.DELETE, "/v1/assets/\(asset)?immediate=true", isPrivate: true)
        return (try? await site.text(request)) != nil
    }
}
