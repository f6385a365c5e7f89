import MediaModel
import MediaTesting
import Testing

@testable import MediaPurging

/// Reading through a CDN, and what its fields say.
@Suite(.timeLimit(.minutes(5))) struct CachePullerTests {
    private static func pull(_ answer: CannedServer.Answer, _ path: String = "/a/x") async throws -> CacheOutcome {
        let server = try CannedServer([answer])
        let client = PurgeClient(deadline: .seconds(30))
        return try await withClosing {
            try await CachePuller(site: server.endpoint, client: client).pull(path)
        } close: {
            try await client.shutdown()
        }
    }

    @Test(
        "A CDN's own words",
        arguments: [
            (["CF-Cache-Status: HIT"], CacheOutcome.hit), (["CF-Cache-Status: MISS"], .miss),
            (["CF-Cache-Status: EXPIRED"], .miss), (["CF-Cache-Status: DYNAMIC"], .uncached),
            (["CF-Cache-Status: UPDATING"], .hit), (["X-Cache: Hit from cloudfront"], .hit),
            (["X-Cache: RefreshHit from cloudfront"], .hit), (["X-Cache: Miss from cloudfront"], .miss),
            (["X-Cache: Error from cloudfront"], .unknown), (["X-Cache: HIT, MISS"], .miss),
            (["X-Cache: MISS", "X-Cache: HIT"], .hit), (["X-Cache: TCP_MEM_HIT from a23"], .hit),
            (["X-Cache: BYPASS"], .uncached),
            // The CDN's own goes before what the origin said of itself.
            (["Cache-Status: origin; hit", "X-Cache: MISS"], .miss),
            (["Cache-Status: origin; fwd=uri-miss, edge; hit"], .hit),
            (["Cache-Status: edge; fwd=uri-miss; stored"], .miss), (["Cache-Status: edge; fwd=bypass"], .uncached),
            (["Cache-Status: edge"], .unknown), (["Age: 0"], .miss), (["Age: 17"], .hit), ([], .unknown),
        ]
    )
    func outcomesAreRead(fields: [String], outcome: CacheOutcome) async throws {
        #expect(try await Self.pull(.said(200, "picture", fields: fields)) == outcome)
    }

    @Test(arguments: [
        CannedServer.Answer.said(404, "no"), .said(302, "", fields: ["Location: /"]), .cutBody("x"), .hangUp,
    ])
    func whatIsNoPictureIsAFailure(answer: CannedServer.Answer) async throws {
        let error = await #expect(throws: CachePullError.self) { _ = try await Self.pull(answer, "/a/y") }
        #expect(error?.description.contains("/a/y") == true)
    }
}
