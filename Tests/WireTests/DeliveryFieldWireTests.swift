import MediaTesting
import Testing

extension WireTests {
    /// What deliveries tell caches, pages and operators besides what they are.
    @Suite struct DeliveryFieldWireTests {
        @Test func cacheStatusTellsWhereTheBytesWere() async throws {
            let first = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let url = try await Origin(service: first).asset().entry("thumbnail").url
            #expect(try await Origin(service: first).get(url)["Cache-Status"] == "mediad; hit")
            #expect(try await first.stop() == .code(0))
            // Now nothing is in memory.
            let service = try await first.restart()
            let origin = Origin(service: service)
            let head = try await origin.ask("HEAD", url)
            #expect(head["Cache-Status"] == "mediad; fwd=uri-miss")
            let miss = try await origin.get(url)
            #expect(miss["Cache-Status"] == "mediad; fwd=uri-miss; stored")
            let timing = /catalog;dur=\d+\.\d\d, open;dur=\d+\.\d\d, decrypt;dur=\d+\.\d\d/
            #expect(try #require(miss["Server-Timing"]).wholeMatch(of: timing) != nil)
            // The first from memory by the long way, the second by the short one.
            for fields in [["Range: bytes=0-3"], [], []] {
                let hit = try await origin.ask("GET", url, fields)
                #expect(hit["Cache-Status"] == "mediad; hit")
                #expect(hit["Server-Timing"] == nil)
            }
            #expect(try await service.stop() == .code(0))
        }

        /// Another format at its first request: the render is no hit, though memory has its bytes by then.
        @Test func whatIsMadeForARequestWasNowhere() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("thumbnail").url.replacing(".webp", with: ".jpg")
                let before = try await HotPathWireTests.Metrics(origin)
                let first = try await origin.get(url)
                #expect(first["Cache-Status"] == "mediad; fwd=uri-miss; stored")
                let timing = /catalog;dur=\d+\.\d\d, render;dur=\d+\.\d\d/
                #expect(try #require(first["Server-Timing"]).wholeMatch(of: timing) != nil)
                let second = try await origin.get(url)
                #expect(second["Cache-Status"] == "mediad; hit")
                #expect(second["Server-Timing"] == nil)
                let after = try await HotPathWireTests.Metrics(origin)
                for result in ["hit", "miss"] {
                    let name = "media_cache_requests_total{tier=\"memory\",result=\"\(result)\"}"
                    #expect(after[name] == before[name] + 1, "\(result)")
                }
            }
        }

        @Test func whatMemoryHasNoRoomForIsNotStored() async throws {
            try await Origin.with(environment: ["MEDIA_CACHE_BYTES_MAX": "0"]) { origin in
                let url = try await origin.asset().entry("thumbnail").url
                for _ in 0..<2 { #expect(try await origin.get(url)["Cache-Status"] == "mediad; fwd=uri-miss") }
            }
        }

        @Test func errorsAreNoCachesBusiness() async throws {
            try await Origin.with { origin in
                let id = try await origin.asset().id
                let missing = try await origin.get("/a/\(id)/v9/thumbnail.webp")
                #expect(missing.status == 404)
                #expect(missing["Cache-Status"] == nil)
                #expect(missing["Server-Timing"] == nil)
            }
        }

        @Test func pagesOfEveryOriginMayRead() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let url = try asset.entry("thumbnail").url
                let etag = "If-None-Match: \"\(try asset.entry("thumbnail").sha256)\""
                for fields in [[], [etag], ["Range: bytes=0-3"], ["Range: bytes=99999999-"], ["If-Match: \"x\""]] {
                    let answer = try await origin.ask("GET", url, fields + ["Origin: https://example.org"])
                    #expect(answer.values("Access-Control-Allow-Origin") == ["*"], "\(fields)")
                    #expect(answer["Access-Control-Allow-Credentials"] == nil)
                    #expect(answer["Vary"] == nil)
                }
                #expect(try await origin.ask("DELETE", "/v1/assets/\(asset.id)").status == 204)
                let gone = try await origin.get(url)
                #expect(gone.status == 410)
                #expect(gone["Access-Control-Allow-Origin"] == "*")
                #expect(try await origin.get("/v1/assets")["Access-Control-Allow-Origin"] == nil)
            }
        }

        @Test func aPreflightIsAnsweredForDeliveriesAlone() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let fields = [
                    "Origin: https://example.org", "Access-Control-Request-Method: GET",
                    "Access-Control-Request-Headers: range",
                ]
                let connection = try await origin.service.connect()
                let url = try asset.entry("thumbnail").url
                for target in [url, "/a/\(asset.id)/latest/preview.webp"] {
                    let answer = try await connection.exchange(Origin.head("OPTIONS", target, fields, body: []))
                    #expect(answer.status == 204)
                    #expect(answer.body.isEmpty)
                    #expect(answer["Allow"] == "GET, HEAD, OPTIONS")
                    #expect(answer["Access-Control-Allow-Origin"] == "*")
                    #expect(answer["Access-Control-Allow-Methods"] == "GET, HEAD")
                    #expect(answer["Access-Control-Allow-Headers"] == "*")
                    #expect(answer["Access-Control-Max-Age"] == "86400")
                    #expect(answer["Access-Control-Allow-Credentials"] == nil)
                    #expect(answer["Content-Length"] == nil)
                }
                let api = try await origin.ask("OPTIONS", "/v1/assets/\(asset.id)", fields)
                #expect(try api.problem(405) == "method-not-allowed")
                #expect(api["Access-Control-Allow-Origin"] == nil)
            }
        }

        @Test(arguments: [
            ("portable", ["Cache-Tag", "Surrogate-Key"]), ("cloudflare", ["Cache-Tag"]), ("cloudfront", ["Cache-Tag"]),
            ("fastly", ["Surrogate-Key"]), ("varnish", ["Surrogate-Key"]), ("akamai", ["Edge-Cache-Tag"]), ("none", []),
        ])
        func theProfileDecidesWhichTagsThereAre(profile: String, fields: [String]) async throws {
            try await Origin.with(environment: ["MEDIA_CDN_PROFILE": profile]) { origin in
                let asset = try await origin.asset()
                let tags = ["a.\(asset.id)", "a.\(asset.id).v1", "p.thumbnail"]
                // By both ways.
                for _ in 0..<2 {
                    let answer = try await origin.get(try asset.entry("thumbnail").url)
                    for name in ["Cache-Tag", "Surrogate-Key", "Edge-Cache-Tag"] {
                        let value = tags.joined(separator: name == "Surrogate-Key" ? " " : ",")
                        #expect(answer.values(name) == (fields.contains(name) ? [value] : []))
                    }
                }
            }
        }
    }
}
