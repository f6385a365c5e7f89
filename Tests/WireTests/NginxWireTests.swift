import MediaTesting
import Testing

/// The service behind a real nginx, which it purges.
extension WireTests {
    @Suite(.enabled(if: NginxServer.isInstalled, "\(NginxServer.reason)"), .timeLimit(.minutes(5)))
    struct NginxWireTests {
        private static func withEdge(
            environment: [String: String] = [:],
            _ body: (Edge<NginxServer>) async throws -> Void
        ) async throws {
            let port = try FrontServer.freePort()
            try await Edge.with(
                "edge:nginx,url=http://127.0.0.1:\(port)",
                environment: environment,
                start: { try await NginxServer.start(purgePort: port, originPort: $0) },
                body
            )
        }

        @Test func afterAPublishLatestIsNewAtTheEdge() async throws {
            try await Self.withEdge { try await $0.afterAPublishLatestIsNew() }
        }

        @Test func afterADeleteTheEdgeSaysGone() async throws {
            try await Self.withEdge { try await $0.afterADeleteItSaysGone() }
        }

        /// nginx knows such a URL by its signature alone, and there is one for each key.
        @Test func afterADeleteTheEdgeSaysGoneToWhatWasSigned() async throws {
            let folder = try SignedWireTests.keys()
            let environment = SignedWireTests.setting(folder, "k1", "k2")
            try await Self.withEdge(environment: environment) { edge in
                try await edge.afterADeleteWhatWasSignedIsGone { path in
                    [
                        try await SignedWireTests.sign(path, SignedWireTests.setting(folder, "k1")),
                        try await SignedWireTests.sign(path, SignedWireTests.setting(folder, "k2")),
                    ]
                }
            }
        }

        @Test func rangesAndConditionsAreTheEdgesBusiness() async throws {
            try await Self.withEdge { edge in
                try await edge.rangesAreOfTheWhole()
                try await edge.conditionsAreAnsweredHere()
            }
        }

        @Test func withTheOriginGoneStaleIsServedForAsLongAsTheHeadersSay() async throws {
            try await EdgeRules.staleEnds { try await NginxServer.start(originPort: $0) }
        }

        @Test func anOriginThatFailsTakesNothingAway() async throws {
            try await EdgeRules.failuresAreNoAnswers { try await NginxServer.start(originPort: $0) }
        }

        @Test func aCrowdBeforeAColdObjectIsOneRequest() async throws {
            try await EdgeRules.aCrowdIsOneRequest { try await NginxServer.start(originPort: $0) }
        }

        @Test func nothingOfAReaderReachesTheOrigin() async throws {
            try await EdgeRules.nothingOfAReaderPasses { try await NginxServer.start(originPort: $0) }
        }

        /// What it has cached is on its disk, and is there again when it is: the purge that it missed has to come.
        @Test func aPurgeThatItMissedComesWhenItReturns() async throws {
            try await Self.withEdge { edge in
                let first = try await edge.origin.asset()
                let latest = "/a/\(first.id)/latest/preview.webp"
                let old = "\"\(try first.entry("preview").sha256)\""
                // A hit at the second look or later: the purge of the upload may come after the first.
                _ = try await edge.until(latest) { $0["ETag"] == old && edge.isHit($0) }
                try await edge.cache.kill()
                let second = try await edge.origin.asset("noise.png", to: "/v1/assets/\(first.id)/versions")
                let hasFailed = try await comesAbout {
                    try await edge.origin.metrics().contains("media_purge_failures_total{target=\"edge\"")
                }
                #expect(hasFailed)
                let back = Edge(origin: edge.origin, cache: try await edge.cache.restart())
                let new = "\"\(try second.entry("preview").sha256)\""
                let time = try await back.until(latest) { $0["ETag"] == new }
                print("nginx: latest is new \(time) after its return")
            }
        }

        @Test func readersAreOfThreeKinds() async throws {
            try await EdgeRules.readersAreOfThreeKinds { try await NginxServer.start(originPort: $0) }
        }

        @Test func originalsStayInside() async throws {
            try await EdgeRules.originalsStayInside {
                let edge = try await NginxServer.start(originPort: $0)
                return { try await edge.connect() }
            }
        }

        @Test func onlyItsOriginPurgesIt() async throws {
            try await Self.withEdge { edge in
                let url = try await edge.origin.asset().entry("preview").url
                #expect(try await edge.get(url).status == 200)
                // Not where the readers are.
                #expect(try await edge.cache.connect().exchange(RawRequest.head("PURGE", url)).status == 405)
                let delete = try await edge.cache.connect().exchange(RawRequest.head("DELETE", url))
                #expect(delete.status == 405)
                #expect(delete["Allow"] == "GET, HEAD")
                let purges = { (source: String, method: String) in
                    try await RawConnection.connect(port: edge.cache.purgePort, from: source)
                        .exchange(RawRequest.head(method, url)).status
                }
                // Nothing but purges, and not for another machine, as far as nginx can tell.
                #expect(try await purges("127.0.0.1", "GET") == 405)
                #expect(try await purges("127.0.0.2", "PURGE") == 403)
                #expect(edge.isHit(try await edge.get(url)))
                #expect(try await purges("127.0.0.1", "PURGE") == 200)
                #expect(try await !edge.isHit(edge.get(url)))
            }
        }

        @Test(arguments: ["/v1/assets", "/", "/metrics", "/v1/../a/x", "/a/../v1/assets", "//a/x", "/%61/x"])
        func onlyDeliveriesAreForTheWorld(target: String) async throws {
            try await Self.withEdge { edge in
                _ = try await edge.origin.asset()
                let response = try await edge.get(target)
                #expect(response.status == 404)
                #expect(response["Cache-Control"] == "no-store")
            }
        }
    }
}
