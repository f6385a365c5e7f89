import FoundationEssentials
import MediaTesting
import Testing

/// The picture as it was uploaded.
extension WireTests {
    @Suite struct OriginalWireTests {
        static let token = "0123456789abcdef0123456789abcdef"
        static let bearer = "Authorization: Bearer \(token)"

        private static func url(_ asset: AssetJSON, _ version: Int = 1) -> String {
            "/a/\(asset.id)/v\(version)/original"
        }

        private static func withToken(_ body: (Origin, AssetJSON, [UInt8]) async throws -> Void) async throws {
            try await Origin.with(environment: ["MEDIA_API_TOKEN": Self.token]) { origin in
                let picture = try Fixtures.bytes("pictures/gradient-large.jpg")
                let response = try await origin.upload(picture, to: "/v1/assets", Self.bearer)
                try #require(response.status == 201, "\(response.text)")
                try await body(origin, try response.json(AssetJSON.self), picture)
            }
        }

        @Test func whoHasTheTokenGetsWhatWasUploaded() async throws {
            try await Self.withToken { origin, asset, picture in
                let response = try await origin.get(Self.url(asset), Self.bearer)
                #expect(response.status == 200)
                #expect(response.body == picture)
                let expected = [
                    "Accept-Ranges": "bytes",
                    "Cache-Control": "private, no-store",
                    "Content-Disposition": "attachment; filename=\"\(asset.id)-v1.jpg\"",
                    "Content-Length": "\(picture.count)",
                    "Content-Security-Policy": "default-src 'none'; sandbox",
                    "Content-Type": "image/jpeg",
                    "Cross-Origin-Resource-Policy": "same-origin",
                    "ETag": "\"\(asset.source.sha256)\"",
                    "X-Content-Type-Options": "nosniff",
                ]
                for (name, value) in expected { #expect(response.values(name) == [value], "\(name)") }
                // Nothing that a cache would keep it by.
                for name in ["Cache-Tag", "Surrogate-Key", "Timing-Allow-Origin", "Set-Cookie"] {
                    #expect(response[name] == nil)
                }
                let head = try await origin.ask("HEAD", Self.url(asset), [Self.bearer])
                // But for what is another's at each request.
                let own: Set = ["date", "x-request-id"]
                let common = { (response: RawResponse) in
                    response.fields.filter { !own.contains($0.name.lowercased()) }
                }
                #expect(head.body.isEmpty)
                #expect(common(head) == common(response))
            }
        }

        @Test func nobodyElseDoes() async throws {
            try await Self.withToken { origin, asset, _ in
                let wrong: [[String]] = [
                    [], ["Authorization: Bearer x"], ["Authorization: Basic \(Self.token)"],
                    ["Authorization: Bearer \(Self.token)x"],
                ]
                for fields in wrong {
                    for method in ["GET", "HEAD"] {
                        let response = try await origin.ask(method, Self.url(asset), fields)
                        #expect(response.status == 401)
                        #expect(response["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
                        #expect(response["Cache-Control"] == "no-store")
                        #expect(response["ETag"] == nil)
                    }
                }
                // Nor is anybody told whether there is one.
                #expect(try await origin.get("/a/01jd3m8m9x0000000000000000/v1/original").status == 401)
            }
        }

        /// The API is open then, to who is on this machine; but a proxy on it passes `/a/…` on for the world.
        @Test func withoutATokenThereAreNone() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset("gradient-large.jpg")
                #expect(try await origin.get(try asset.entry("preview").url).status == 200)
                for method in ["GET", "HEAD"] {
                    for fields in [[], [Self.bearer], ["Range: bytes=0-0"], ["If-Match: \"x\""]] {
                        let response = try await origin.ask(method, Self.url(asset), fields)
                        #expect(response.status == 404)
                        #expect(response["Cache-Control"] == "no-store")
                        #expect(response["ETag"] == nil)
                        if method == "GET" { #expect(try response.problem(404) == "not-found") }
                    }
                }
            }
        }

        @Test func conditionsAndOneRangeAreAnswered() async throws {
            try await Self.withToken { origin, asset, picture in
                let url = Self.url(asset)
                let etag = "\"\(asset.source.sha256)\""
                #expect(picture.count > 20_000)
                let parts: [(String, Range<Int>)] = [
                    ("bytes=0-0", 0..<1), ("bytes=16380-16400", 16380..<16401),
                    ("bytes=-5", picture.count - 5..<picture.count),
                ]
                for (range, part) in parts {
                    let response = try await origin.get(url, Self.bearer, "Range: \(range)")
                    #expect(response.status == 206)
                    #expect(response.body == Array(picture[part]))
                    let expected = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(picture.count)"
                    #expect(response["Content-Range"] == expected)
                    #expect(response["Cache-Control"] == "private, no-store")
                }
                let none = try await origin.get(url, Self.bearer, "If-None-Match: \(etag)")
                #expect(none.status == 304 && none.body.isEmpty)
                #expect(none["Cache-Control"] == "private, no-store")
                #expect(try await origin.get(url, Self.bearer, "If-Match: \"x\"").status == 412)
                #expect(try await origin.get(url, Self.bearer, "Range: bytes=99999999-").status == 416)
                let other = try await origin.get(url, Self.bearer, "Range: bytes=0-0", "If-Range: \"x\"")
                #expect(other.status == 200 && other.body == picture)
            }
        }

        @Test func whatIsNotThereIsNotFoundAndWhatWasDeletedIsGone() async throws {
            try await Self.withToken { origin, asset, _ in
                let missing = try await origin.get(Self.url(asset, 2), Self.bearer)
                #expect(missing.status == 404)
                #expect(try await origin.get("/a/\(asset.id)/latest/original", Self.bearer).status == 404)
                #expect(try await origin.get("\(Self.url(asset))?x=1", Self.bearer).status == 404)
                #expect(try await origin.ask("POST", Self.url(asset), [Self.bearer]).status == 405)
                #expect(try await origin.ask("DELETE", "/v1/assets/\(asset.id)", [Self.bearer]).status == 204)
                #expect(try await origin.get(Self.url(asset), Self.bearer).status == 410)
            }
        }

        /// It never comes to be answered below the router, which asks for no token.
        @Test func theTableOfPathsNeverHasIt() async throws {
            try await Self.withToken { origin, asset, picture in
                let connection = try await origin.service.connect()
                for _ in 0..<3 {
                    let whole = Origin.head("GET", Self.url(asset), [Self.bearer], body: [])
                    #expect(try await connection.exchange(whole).body == picture)
                    let bare = Origin.head("GET", Self.url(asset), [], body: [])
                    #expect(try await connection.exchange(bare).status == 401)
                }
                #expect(try await HotPathWireTests.Metrics(origin)["media_cache_hot_objects"] == 0)
            }
        }
    }
}
