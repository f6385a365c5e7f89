import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

/// Deliveries as they are on the wire (ARCHITECTURE §3; the table at the end of RELIABILITY §6).
extension WireTests {
    @Suite struct DeliveryWireTests {
        static let immutable =
            "public, max-age=31536000, immutable, stale-while-revalidate=86400, stale-if-error=604800"
        static let latest = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"

        @Test func aVersionedURLHasExactlyItsHeaders() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let entry = try asset.entry("thumbnail")
                let response = try await origin.get(entry.url)
                #expect(response.status == 200)
                #expect(response.body.count == entry.bytes)
                let expected = [
                    "Accept-Ranges": "bytes",
                    "Access-Control-Allow-Origin": "*",
                    "Access-Control-Expose-Headers": "Accept-Ranges, Cache-Status, Content-Range, ETag, Repr-Digest",
                    "Cache-Control": Self.immutable,
                    "Cache-Status": "mediad; hit",
                    "Cache-Tag": "a.\(asset.id),a.\(asset.id).v1,p.thumbnail",
                    "Content-Disposition": "inline; filename*=UTF-8''thumbnail.webp",
                    "Content-Length": "\(entry.bytes)",
                    "Content-Security-Policy": "default-src 'none'; sandbox",
                    "Content-Type": "image/webp",
                    "Cross-Origin-Resource-Policy": "cross-origin",
                    "ETag": "\"\(entry.sha256)\"",
                    "Repr-Digest": "sha-256=:\(try #require(SHA256Digest(hex: entry.sha256)).base64):",
                    "Surrogate-Key": "a.\(asset.id) a.\(asset.id).v1 p.thumbnail",
                    "Timing-Allow-Origin": "*",
                    "X-Content-Type-Options": "nosniff",
                ]
                for (name, value) in expected { #expect(response.values(name) == [value]) }
                let names = Set(response.fields.map { $0.name.lowercased() })
                #expect(names == Set(expected.keys.map { $0.lowercased() } + ["date", "last-modified"]))
            }
        }

        @Test func latestMayBeKeptForAMinuteAndFollowsTheVersions() async throws {
            try await Origin.with { origin in
                let first = try await origin.asset()
                let url = "/a/\(first.id)/latest/preview.webp"
                let before = try await origin.get(url)
                #expect(before["Cache-Control"] == Self.latest)
                #expect(before["ETag"] == "\"\(try first.entry("preview").sha256)\"")
                #expect(before["Cache-Tag"] == "a.\(first.id),a.\(first.id).latest,p.preview")
                let second = try await origin.asset("noise.png", to: "/v1/assets/\(first.id)/versions")
                #expect(second.version == 2)
                #expect(second.id == first.id)
                #expect(try await origin.get(url)["ETag"] == "\"\(try second.entry("preview").sha256)\"")
                let old = try await origin.get(try first.entry("preview").url)
                #expect(old["ETag"] == before["ETag"])
            }
        }

        @Test func headIsGetWithoutTheBody() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("preview").url
                // Two requests on one connection: a body after the first would be read as the second's head.
                let connection = try await origin.service.connect()
                let head = try await connection.exchange(Origin.head("HEAD", url, [], body: []))
                let get = try await connection.exchange(Origin.head("GET", url, [], body: []))
                #expect(head.status == 200)
                #expect(head.body.isEmpty)
                let dated = { (response: RawResponse) in response.fields.filter { $0.name.lowercased() != "date" } }
                #expect(dated(head) == dated(get))
                let missing = try await connection.exchange(Origin.head("HEAD", "/a/nothing", [], body: []))
                #expect(missing.status == 404)
                #expect(missing.body.isEmpty)
                #expect(try await connection.exchange(Origin.head("GET", url, [], body: [])).status == 200)
            }
        }

        @Test func aDamagedBlobIsNeitherServedNorPromised() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let url = try await Origin(service: service).asset().entry("preview").url
            #expect(try await service.stop() == .code(0))
            let folder = URL(filePath: service.dataFolder).appending(path: "blobs")
            for blob in try Origin(service: service).blobs() {
                let file = folder.appending(path: blob)
                var bytes = try Data(contentsOf: file)
                bytes[bytes.count - 1] ^= 1
                bytes[600] ^= 1
                bytes[100] ^= 1
                try bytes.write(to: file)
            }
            let back = try await service.restart()
            for method in ["GET", "HEAD"] {
                #expect(try await Origin(service: back).ask(method, url).status == 500)
            }
            let head = Origin.head("GET", "/metrics", [], body: [])
            let metrics = try await back.connectToAdmin().exchange(head).text
            // Each request found it, and so did each attempt to make it again from a source that is damaged as well.
            let line = metrics.split(separator: "\n").first { $0.hasPrefix("media_integrity_failures_total ") }
            #expect(line?.split(separator: " ").last.flatMap { Int($0) } ?? 0 >= 2)
            #expect(try await back.stop() == .code(0))
        }

        @Test func oldClientsAreAnsweredOnce() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("preview").url
                let connection = try await origin.service.connect()
                try await connection.send("GET \(url) HTTP/1.0\r\n\r\n")
                #expect(try await connection.receiveResponse().status == 200)
                #expect(try await connection.isClosedByPeer())
            }
        }

        @Test func conditionsAreAnsweredByTheLetter() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("preview").url
                let whole = try await origin.get(url)
                let etag = try #require(whole["ETag"])
                let modified = try #require(whole["Last-Modified"])
                let table: [([String], Int)] = [
                    (["If-None-Match: \(etag)"], 304),
                    (["If-None-Match: W/\(etag)"], 304),
                    (["If-None-Match: \"x\", \(etag)"], 304),
                    (["If-None-Match: \"x\"", "If-None-Match: \(etag)"], 304),
                    (["If-None-Match: *"], 304),
                    (["If-None-Match: \"x\""], 200),
                    (["If-None-Match: \(etag.dropFirst().dropLast())"], 200),
                    (["If-Modified-Since: \(modified)"], 304),
                    (["If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"], 200),
                    (["If-Modified-Since: yesterday"], 200),
                    (["If-None-Match: \"x\"", "If-Modified-Since: \(modified)"], 200),
                    (["If-Match: \(etag)"], 200),
                    (["If-Match: *"], 200),
                    (["If-Match: \"x\""], 412),
                    (["If-Match: W/\(etag)"], 412),
                    (["If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT"], 412),
                    (["Range: bytes=0-0", "If-Range: \(etag)"], 206),
                    (["Range: bytes=0-0", "If-Range: \"x\""], 200),
                    (["Range: bytes=0-0", "If-Range: W/\(etag)"], 200),
                    (["Range: bytes=0-0", "If-None-Match: \(etag)"], 304),
                ]
                for (fields, status) in table {
                    let response = try await origin.ask("GET", url, fields)
                    #expect(response.status == status, "\(fields)")
                    guard status == 304 else { continue }
                    #expect(response.body.isEmpty)
                    #expect(response["ETag"] == etag)
                    #expect(response["Cache-Control"] == Self.immutable)
                    #expect(response["Content-Type"] == nil)
                }
            }
        }

        @Test func oneRangeIsServedAndOthersAreIgnoredOrRefused() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset("noise.png").entry("preview").url
                let whole = try await origin.get(url).body
                let total = whole.count
                let parts: [(String, Range<Int>)] = [
                    ("bytes=0-0", 0..<1), ("bytes=-1", total - 1..<total), ("bytes=5-", 5..<total),
                    ("bytes=0-", 0..<total), ("bytes=2-9", 2..<10), ("bytes=0-\(total * 9)", 0..<total),
                    ("bytes=-\(total * 9)", 0..<total),
                ]
                for (range, expected) in parts {
                    let response = try await origin.get(url, "Range: \(range)")
                    #expect(response.status == 206, "\(range)")
                    let bounds = "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/\(total)"
                    #expect(response["Content-Range"] == bounds)
                    #expect(response.body == Array(whole[expected]))
                }
                for range in ["bytes=0-0,2-3", "bytes=9-2", "bytes=a-b", "items=0-1", "bytes", "bytes=", "bytes=-"] {
                    let response = try await origin.get(url, "Range: \(range)")
                    #expect(response.status == 200, "\(range)")
                    #expect(response.body == whole)
                }
                for range in ["bytes=\(total)-", "bytes=-0", "bytes=\(total * 2)-\(total * 3)"] {
                    let response = try await origin.get(url, "Range: \(range)")
                    #expect(try response.problem(416) == "range-not-satisfiable", "\(range)")
                    #expect(response["Content-Range"] == "bytes */\(total)")
                }
            }
        }

        @Test func onlyTheCanonicalSpellingIsFound() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let path = try asset.entry("thumbnail").url
                let id = asset.id
                let wrong = [
                    "\(path)?v=1", "\(path)?", "\(path)/", "/\(path)", path.uppercased(),
                    path.replacing("/v1/", with: "/v01/"), path.replacing("/v1/", with: "/v2/"),
                    path.replacing("/v1/", with: "/v1//"), path.replacing("thumbnail", with: "%74humbnail"),
                    path.replacing("thumbnail", with: "unknown"), path.replacing(".webp", with: ".png"),
                    path.replacing(id, with: "01jd3m8m9x0000000000000000"), "/a/\(id)/v1/../v1/thumbnail.webp", "/",
                    "/a",
                    "/v1", "/v1/assets/", "/v1/assets/\(id)/", "/v1/assets/nothing", "/metrics",
                    "/livez", "/readyz", "/healthz",
                ]
                for target in wrong {
                    let code = try await origin.get(target).problem(404)
                    #expect(["not-found", "unknown-rendition"].contains(code), "\(target): \(code)")
                }
            }
        }

        @Test func aWrongMethodIsToldTheRightOnes() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let path = try asset.entry("thumbnail").url
                let table = [
                    ("POST", path, "GET, HEAD, OPTIONS"), ("PUT", path, "GET, HEAD, OPTIONS"),
                    ("DELETE", path, "GET, HEAD, OPTIONS"), ("TRACE", path, "GET, HEAD, OPTIONS"),
                    ("OPTIONS", "/v1/assets", "GET, HEAD, POST"),
                    ("PUT", "/v1/assets", "GET, HEAD, POST"),
                    ("POST", "/v1/assets/\(asset.id)", "GET, HEAD, DELETE"),
                    ("PUT", "/v1/assets/\(asset.id)/versions", "GET, HEAD, POST"),
                    ("GET", "/v1/assets/\(asset.id)/latest", "PUT"),
                    ("GET", "/v1/assets/\(asset.id)/reprocess", "POST"),
                ]
                for (method, target, allow) in table {
                    let response = try await origin.ask(method, target)
                    #expect(try response.problem(405) == "method-not-allowed", "\(method) \(target)")
                    #expect(response["Allow"] == allow)
                }
            }
        }
    }
}
