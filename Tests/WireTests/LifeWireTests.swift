import FoundationEssentials
import Glibc
import MediaModel
import MediaTesting
import Testing

/// An asset's life after its upload, with real files and a real catalog below it: what survives a kill, what is gone
/// from the disk. The routes themselves are tested in MediaHTTPTests.
extension WireTests {
    @Suite struct LifeWireTests {
        @Test func aDeletionSurvivesAKillAndIsTakenBack() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let asset = try await Origin(service: service).asset()
            let path = "/v1/assets/\(asset.id)"
            let url = try asset.entry("preview").url
            #expect(try await Origin(service: service).ask("DELETE", path).status == 204)
            try await service.kill()
            let back = try await service.restart()
            let origin = Origin(service: back)
            #expect(try await origin.get(url).problem(410) == "gone")
            #expect(try await origin.get(path).problem(410) == "gone")
            #expect(try origin.blobs().count == 3)
            #expect(try await origin.ask("POST", "\(path)/undelete").status == 200)
            let delivered = try await origin.get(url)
            #expect(delivered.status == 200)
            #expect(delivered["ETag"] == "\"\(try asset.entry("preview").sha256)\"")
            #expect(try await back.stop() == .code(0))
        }

        @Test func aTakedownLeavesNothingOnTheDisk() async throws {
            try await Origin.with { origin in
                let kept = try await origin.asset("noise.png")
                let before = try origin.blobs()
                let asset = try await origin.asset()
                #expect(try await origin.ask("DELETE", "/v1/assets/\(asset.id)?immediate=true").status == 204)
                #expect(try origin.blobs() == before)
                #expect(try await origin.get(try asset.entry("preview").url).problem(410) == "gone")
                #expect(try await origin.ask("POST", "/v1/assets/\(asset.id)/undelete").problem(410) == "gone")
                #expect(try await origin.get(try kept.entry("preview").url).status == 200)
            }
        }

        @Test func oneSourceIsKeptAsLongAsAVersionHasIt() async throws {
            try await Origin.with { origin in
                let first = try await origin.asset()
                let second = try await origin.asset()
                // One source, and two renditions each.
                #expect(try origin.blobs().count == 5)
                #expect(try await origin.ask("DELETE", "/v1/assets/\(first.id)?immediate=true").status == 204)
                #expect(try origin.blobs().count == 3)
                #expect(try await origin.ask("POST", "/v1/assets/\(second.id)/reprocess").status == 201)
                #expect(try await origin.ask("DELETE", "/v1/assets/\(second.id)?immediate=true").status == 204)
                #expect(try origin.blobs().isEmpty)
            }
        }

        @Test func latestGoesBackAndStaysThere() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let origin = Origin(service: service)
            let first = try await origin.asset()
            let path = "/v1/assets/\(first.id)"
            let second = try await origin.asset("noise.png", to: "\(path)/versions")
            let newer = try await origin.get("/a/\(first.id)/latest/preview.webp")
            let json = ["Content-Type: application/json"]
            let body = Array(#"{"version": 1}"#.utf8)
            #expect(try await origin.ask("PUT", "\(path)/latest", json, body: body).status == 200)
            let since = "If-Modified-Since: \(try #require(newer["Last-Modified"]))"
            let older = try await origin.get("/a/\(first.id)/latest/preview.webp", since)
            #expect(older.status == 200)
            #expect(older["ETag"] != newer["ETag"])
            try await service.kill()
            let back = try await service.restart()
            let again = Origin(service: back)
            let latest = try await again.get("/a/\(first.id)/latest/preview.webp")
            #expect(latest["ETag"] == "\"\(try first.entry("preview").sha256)\"")
            let page = try await again.get("\(path)/versions").json(VersionsJSON.self)
            #expect(page.latest == 1)
            #expect(page.versions.map(\.version) == [second.version, 1])
            #expect(try await again.ask("POST", "\(path)/reprocess").status == 201)
            let newest = try await again.get("/a/\(first.id)/latest/preview.webp")
            // The same picture and the same preset are the same bytes.
            #expect(newest["ETag"] == latest["ETag"])
            #expect(newest["Cache-Tag"] == latest["Cache-Tag"])
            #expect(try await again.get("\(path)/versions").json(VersionsJSON.self).latest == 3)
            #expect(try await back.stop() == .code(0))
        }

        @Test func anIdempotencyKeySurvivesAKill() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let picture = try Fixtures.bytes("pictures/gradient.png")
            let key = "Idempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324"
            let first = try await Origin(service: service).upload(picture, key)
            #expect(first.status == 201, "\(first.text)")
            try await service.kill()
            let back = try await service.restart()
            let origin = Origin(service: back)
            let again = try await origin.upload(picture, key)
            #expect(again.status == 201)
            #expect(again.body == first.body)
            let other = try await origin.upload(try Fixtures.bytes("pictures/noise.png"), key)
            #expect(try other.problem(422) == "idempotency-key-reused")
            #expect(try await origin.get("/v1/assets").json(PageJSON.self).assets.count == 1)
            #expect(try await back.stop() == .code(0))
        }

        @Test func theDigestIsSHA256() async throws {
            try await Origin.with { origin in
                let picture = try Fixtures.bytes("pictures/gradient.png")
                let sha256 = try #require(SHA256Digest(hex: try await origin.asset().source.sha256))
                let before = try origin.blobs()
                let right = try await origin.upload(picture, "Content-Digest: sha-256=:\(sha256.base64):")
                #expect(right.status == 201, "\(right.text)")
                let wrong = try await origin.upload(picture + [0], "Content-Digest: sha-256=:\(sha256.base64):")
                #expect(try wrong.problem(400) == "digest-mismatch")
                // Two renditions more; the source is the one that was there.
                #expect(try origin.blobs().count == before.count + 2)
            }
        }

        @Test func theControlSocketIsForOperatorsOnly() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let path = "\(service.dataFolder)/control.sock"
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_mode == S_IFSOCK | 0o600)
            let connection = try await RawConnection.connect(unixPath: path)
            let list = try await connection.exchange(RawRequest.head("GET", "/operations"))
            #expect(list.status == 200)
            #expect(list.text.contains(#"{"name":"fsck","running":false}"#), "\(list.text)")
            // Not on the listeners of the network.
            let origin = Origin(service: service)
            #expect(try await origin.get("/operations").problem(404) == "not-found")
            let admin = try await service.connectToAdmin().exchange(RawRequest.head("GET", "/operations"))
            #expect(try admin.problem(404) == "not-found")
            #expect(try await service.stop() == .code(0))
            #expect(lstat(path, &status) != 0, "the socket outlived its service")
            // A service that was killed leaves its socket, and the next one takes its place.
            let second = try await service.restart()
            try await second.kill()
            #expect(lstat(path, &status) == 0)
            let third = try await second.restart()
            let again = try await RawConnection.connect(unixPath: path)
            #expect(try await again.exchange(RawRequest.head("GET", "/operations")).status == 200)
            #expect(try await third.stop() == .code(0))
        }
    }
}
