import MediaTesting
import Testing

/// The service behind a real Varnish, which it purges.
extension WireTests {
    @Suite(.enabled(if: VarnishServer.isInstalled, "\(VarnishServer.reason)"), .timeLimit(.minutes(5)))
    struct VarnishWireTests {
        private static func withEdge(
            mode: String = "xkey",
            _ body: (Edge<VarnishServer>) async throws -> Void
        ) async throws {
            let port = try FrontServer.freePort()
            let target = "edge:varnish,url=http://127.0.0.1:\(port),mode=\(mode)"
            try await Edge.with(target, start: { try await VarnishServer.start(port: port, originPort: $0) }, body)
        }

        @Test(arguments: ["xkey", "ban"])
        func afterAPublishLatestIsNewAtTheEdge(mode: String) async throws {
            try await Self.withEdge(mode: mode) { try await $0.afterAPublishLatestIsNew() }
        }

        @Test(arguments: ["xkey", "ban"])
        func afterADeleteTheEdgeSaysGone(mode: String) async throws {
            try await Self.withEdge(mode: mode) { try await $0.afterADeleteItSaysGone() }
        }

        @Test func rangesAndConditionsAreTheEdgesBusiness() async throws {
            try await Self.withEdge { edge in
                try await edge.rangesAreOfTheWhole()
                try await edge.conditionsAreAnsweredHere()
            }
        }

        @Test func withTheOriginGoneStaleIsServedForAsLongAsTheHeadersSay() async throws {
            try await EdgeRules.staleEnds { try await VarnishServer.start(originPort: $0) }
        }

        @Test func anOriginThatFailsTakesNothingAway() async throws {
            try await EdgeRules.failuresAreNoAnswers { try await VarnishServer.start(originPort: $0) }
        }

        @Test func aCrowdBeforeAColdObjectIsOneRequest() async throws {
            try await EdgeRules.aCrowdIsOneRequest { try await VarnishServer.start(originPort: $0) }
        }

        @Test func nothingOfAReaderReachesTheOrigin() async throws {
            try await EdgeRules.nothingOfAReaderPasses { try await VarnishServer.start(originPort: $0) }
        }

        @Test func readersAreOfThreeKinds() async throws {
            try await EdgeRules.readersAreOfThreeKinds { try await VarnishServer.start(originPort: $0) }
        }

        @Test func originalsStayInside() async throws {
            try await EdgeRules.originalsStayInside {
                let edge = try await VarnishServer.start(originPort: $0)
                return { try await edge.connect() }
            }
        }

        @Test func onlyItsOriginPurgesIt() async throws {
            try await Self.withEdge { edge in
                for head in ["PURGE / HTTP/1.1", "BAN / HTTP/1.1"] {
                    let bare = try await edge.cache.connect().exchange("\(head)\r\nHost: localhost\r\n\r\n")
                    #expect(bare.status == 400)
                }
                let api = try await edge.get("/v1/assets")
                #expect(api.status == 404)
                let post = try await edge.cache.connect().exchange(RawRequest.head("DELETE", "/a/x"))
                #expect(post.status == 405)
                #expect(post["Allow"] == "GET, HEAD")
                #expect([api, post].map { $0["Cache-Control"] } == ["no-store", "no-store"])
            }
        }

        /// Another machine, as far as Varnish can tell: an address that its ACL does not have.
        @Test func whoIsNotInTheListCannotPurge() async throws {
            try await Self.withEdge { edge in
                let asset = try await edge.origin.asset()
                let url = try asset.entry("preview").url
                #expect(try await edge.get(url).status == 200)
                let all = ["xkey-purge: a.\(asset.id)", "ban-surrogate-key: ."]
                for (method, field) in [("PURGE", all[0]), ("BAN", all[1])] {
                    let stranger = try await edge.cache.connect(from: "127.0.0.2")
                    #expect(try await stranger.exchange(RawRequest.head(method, "/", [field])).status == 403)
                    #expect(edge.isHit(try await edge.get(url)))
                }
                let friend = try await edge.cache.connect(from: "127.0.0.1")
                #expect(try await friend.exchange(RawRequest.head("PURGE", "/", [all[0]])).status == 200)
                #expect(!edge.isHit(try await edge.get(url)))
            }
        }
    }
}
