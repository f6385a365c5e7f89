import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

/// The service behind a real Varnish, which it purges: what a reader at the edge gets.
extension WireTests {
    @Suite(.enabled(if: VarnishServer.isInstalled, "\(VarnishServer.reason)"), .timeLimit(.minutes(5)))
    struct VarnishWireTests {
        /// Without a purge `latest` is new only when its max-age of a minute is over: half of it is no luck.
        private static let patience = Duration.seconds(30)

        private struct Edge {
            let origin: Origin
            let varnish: VarnishServer

            func get(_ target: String) async throws -> RawResponse {
                try await self.varnish.connect().exchange(RawRequest.head("GET", target))
            }

            /// Reads at the edge until the answer is right, and tells how long that took.
            func until(_ target: String, _ isRight: (RawResponse) -> Bool) async throws -> Duration {
                let start = ContinuousClock.now
                while true {
                    let response = try await self.get(target)
                    if isRight(response) { return ContinuousClock.now - start }
                    let isPatient = ContinuousClock.now - start < VarnishWireTests.patience
                    try #require(isPatient, "still \(response.status) with the tag \(response["ETag"] ?? "none")")
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
        }

        /// An origin that purges a Varnish in front of it.
        private static func withEdge(mode: String, _ body: (Edge) async throws -> Void) async throws {
            let port = try VarnishServer.freePort()
            let target = "edge:varnish,url=http://127.0.0.1:\(port),mode=\(mode)"
            let settings = ["MEDIA_PURGE_TARGETS": target, "MEDIA_PURGE_RETRY_MAX": "1s"]
            try await Origin.with(environment: settings) { origin in
                let varnish = try await VarnishServer.start(port: port, originPort: origin.service.port)
                try await body(Edge(origin: origin, varnish: varnish))
            }
        }

        @Test(arguments: ["xkey", "ban"])
        func afterAPublishLatestIsNewAtTheEdge(mode: String) async throws {
            try await Self.withEdge(mode: mode) { edge in
                let first = try await edge.origin.asset()
                let latest = "/a/\(first.id)/latest/preview.webp"
                let old = "\"\(try first.entry("preview").sha256)\""
                _ = try await edge.until(latest) { $0.status == 200 && $0["ETag"] == old }
                // From the cache, and not for the first time.
                let hit = try await edge.get(latest)
                #expect(hit["Cache-Status"]?.hasSuffix("varnish; hit") == true, "\(hit["Cache-Status"] ?? "none")")
                let second = try await edge.origin.asset("noise.png", to: "/v1/assets/\(first.id)/versions")
                let new = "\"\(try second.entry("preview").sha256)\""
                #expect(old != new)
                let time = try await edge.until(latest) { $0["ETag"] == new }
                // And back.
                let body = Array(#"{"version": 1}"#.utf8)
                let json = ["Content-Type: application/json"]
                let path = "/v1/assets/\(first.id)/latest"
                #expect(try await edge.origin.ask("PUT", path, json, body: body).status == 200)
                let timeBack = try await edge.until(latest) { $0["ETag"] == old }
                print("\(mode): latest is new at the edge after \(time), old again after \(timeBack)")
                // What a version's URL means did not change, and was not fetched again.
                let versioned = try second.entry("preview").url
                #expect(try await edge.get(versioned).status == 200)
                #expect(try await edge.get(versioned)["Cache-Status"]?.hasSuffix("varnish; hit") == true)
            }
        }

        @Test(arguments: ["xkey", "ban"])
        func afterADeleteTheEdgeSaysGone(mode: String) async throws {
            try await Self.withEdge(mode: mode) { edge in
                let asset = try await edge.origin.asset()
                let kept = try await edge.origin.asset("noise.png")
                let urls = [try asset.entry("preview").url, "/a/\(asset.id)/latest/thumbnail.webp"]
                let other = try kept.entry("preview").url
                for url in urls + [other] {
                    _ = try await edge.until(url) { $0.status == 200 }
                    #expect(try await edge.get(url)["Cache-Status"]?.hasSuffix("varnish; hit") == true)
                }
                #expect(try await edge.origin.ask("DELETE", "/v1/assets/\(asset.id)").status == 204)
                for url in urls {
                    let time = try await edge.until(url) { $0.status == 410 }
                    print("\(mode): \(url) is 410 at the edge after \(time)")
                    // It stays so: nobody has kept the old for later.
                    #expect(try await edge.get(url).status == 410)
                }
                #expect(try await edge.get(other)["Cache-Status"]?.hasSuffix("varnish; hit") == true)
                #expect(try await edge.origin.ask("POST", "/v1/assets/\(asset.id)/undelete").status == 200)
                for url in urls { _ = try await edge.until(url) { $0.status == 200 } }
            }
        }

        @Test func onlyItsOriginPurgesIt() async throws {
            try await Self.withEdge(mode: "xkey") { edge in
                for head in ["PURGE / HTTP/1.1", "BAN / HTTP/1.1"] {
                    let bare = try await edge.varnish.connect().exchange("\(head)\r\nHost: localhost\r\n\r\n")
                    #expect(bare.status == 400)
                }
                let api = try await edge.get("/v1/assets")
                #expect(api.status == 404)
                let post = try await edge.varnish.connect().exchange(RawRequest.head("DELETE", "/a/x"))
                #expect(post.status == 405)
            }
        }
    }
}
