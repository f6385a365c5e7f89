import MediaModel
import MediaTesting
import Testing

@testable import MediaHTTP

/// Renditions that are not in memory: from the second request on, they are read where the request arrives.
@Suite struct FaceStoredTests {
    /// A rendition that was asked for once, and what the answer was.
    private static func known(_ face: Face) async throws -> (asset: FaceManifest, url: String, first: RawResponse) {
        let asset = try await face.asset()
        let url = try #require(asset.renditions["thumbnail"]).url
        return (asset, url, try await face.ask("GET", url))
    }

    /// Whether the catalog was asked for an answer: `Server-Timing` has its part.
    private static func hasAsked(_ response: RawResponse) -> Bool {
        response["Server-Timing"]?.contains("catalog") ?? false
    }

    @Test func theSecondRequestDoesNotAskTheCatalog() async throws {
        try await Face.with(cacheBytesMax: 0) { face in
            let (_, url, first) = try await Self.known(face)
            #expect(Self.hasAsked(first))
            let second = try await face.ask("GET", url)
            #expect(second.status == 200)
            #expect(second.body == first.body)
            #expect(second["Cache-Status"] == "mediad; fwd=uri-miss")
            #expect(second["Server-Timing"]?.hasPrefix("decrypt;dur=") == true)
            let varying: Set = ["date", "server-timing"]
            #expect(
                second.fields.filter { !varying.contains($0.name.lowercased()) }.map(\.name)
                    == first.fields.filter { !varying.contains($0.name.lowercased()) }.map(\.name)
            )
        }
    }

    @Test func conditionsNeedNoBytesAndHeadsDo() async throws {
        try await Face.with(cacheBytesMax: 0) { face in
            let (_, url, first) = try await Self.known(face)
            for id in face.store.blobs.keys { try await face.store.remove(id) }
            let etag = try #require(first["ETag"])
            #expect(try await face.ask("GET", url, ["If-None-Match: \(etag)"]).status == 304)
            // What cannot be read is not promised, and says so the usual way.
            #expect(try await face.ask("HEAD", url).status >= 500)
            _ = try (await face.ask("GET", url)).problem(500)
        }
    }

    @Test func aDamagedBlobIsNeverSent() async throws {
        try await Face.with(cacheBytesMax: 0) { face in
            let (_, url, _) = try await Self.known(face)
            for (id, bytes) in face.store.blobs {
                var bytes = bytes
                bytes[bytes.count - 1] ^= 1
                face.store.put(bytes, as: id)
            }
            _ = try (await face.ask("GET", url)).problem(500)
        }
    }

    @Test func aDeletedAssetIsGoneAtOnce() async throws {
        try await Face.with(cacheBytesMax: 0) { face in
            let (asset, url, _) = try await Self.known(face)
            #expect(try await face.ask("GET", url).status == 200)
            let other = try await Self.known(face)
            #expect(try await face.ask("DELETE", "/v1/assets/\(asset.id)").status == 204)
            #expect(try await face.ask("GET", url).status == 410)
            #expect(try await !Self.hasAsked(face.ask("GET", other.url)))
        }
    }

    /// What left memory for want of room comes back to it, without the catalog.
    @Test func whatIsReadIsInMemoryAfterwards() async throws {
        // Objects may have an eighth of it.
        try await Face.with(cacheBytesMax: 64 * 1024) { face in
            let (_, url, first) = try await Self.known(face)
            var isOut = false
            for seed in UInt8(2)..<200 where !isOut {
                let asset = try await face.asset(Face.picture(5000, seed: seed))
                for entry in asset.renditions.values { _ = try await face.ask("GET", entry.url) }
                let answer = try await face.ask("GET", url)
                isOut = answer["Cache-Status"] == "mediad; fwd=uri-miss; stored"
                #expect(answer.body == first.body)
                #expect(!Self.hasAsked(answer))
            }
            #expect(isOut)
            #expect(try await face.ask("GET", url)["Cache-Status"] == "mediad; hit")
        }
    }

    @Test func theTableIsBounded() throws {
        let table = StoredTable()
        let versions = (0..<5).map { _ in Samples.version() }
        for number in 0..<3 * StoredTable.objectsMax {
            table.set(Self.object(versions[number % versions.count]), number)
        }
        let count = { (0..<3 * StoredTable.objectsMax).count { table.object($0) != nil } }
        #expect(count() <= StoredTable.objectsMax)
        #expect(count() >= StoredTable.objectsMax / 2 - 1)
        // The newest is there, also after others were asked for.
        #expect(table.object(3 * StoredTable.objectsMax - 1) != nil)
        for version in versions { table.remove(version.ref.asset) }
        #expect(count() == 0)
    }

    private static func object(_ version: AssetVersion) -> StoredObject {
        let rendition = Samples.renditions(of: version)[0]
        let found = DeliverableRendition(ref: version.ref, rendition: rendition, createdAt: version.createdAt)
        let path = DeliveryPath(
            asset: version.ref.asset,
            version: .number(version.ref.number),
            preset: rendition.preset.name,
            format: .webp
        )
        let headers = DeliveryHeaders(found, path: path, profile: .portable)
        return StoredObject(HotHead(target: path.description, headers), blob: rendition.blob)
    }
}
