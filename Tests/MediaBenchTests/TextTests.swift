import MediaBench
import Testing

/// What is read from a service.
@Suite struct TextTests {
    private static let page = """
        # HELP process_cpu_seconds_total Total user and system CPU time spent, in seconds.
        # TYPE process_cpu_seconds_total counter
        process_cpu_seconds_total 12.5
        process_cpu_seconds_total_more 1
        media_build_info{version="1.2.3"} 1
        http_requests_total{route="/a/{asset}",status="200"} 3
        http_requests_total{route="/v1",status="201"} 4 1763791200000
        """

    @Test(arguments: [("process_cpu_seconds_total", 12.5), ("http_requests_total", 7), ("http_requests", nil)])
    func aMetricIsTheSumOfItsSeries(name: String, sum: Double?) {
        #expect(MetricsText(Self.page).sum(of: name) == sum)
    }

    @Test func aLabelIsRead() {
        #expect(MetricsText(Self.page).label("version", of: "media_build_info") == "1.2.3")
        #expect(MetricsText(Self.page).label("flavour", of: "media_build_info") == nil)
    }

    @Test(arguments: [
        ("mediad; hit", true), ("mediad; fwd=uri-miss; stored", false), ("mediad; fwd=uri-miss, edge; hit", true),
        ("mediad; hit, edge; fwd=stale", false), ("", nil), ("mediad", nil),
    ])
    func theNearestCacheIsAsked(field: String, isHit: Bool?) {
        #expect(CacheStatus.isHit(field) == isHit)
    }

    @Test func aPictureIsAWholePNG() {
        let bytes = BenchPicture(width: 300, height: 300, seed: 1).bytes
        #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        // The CRC of an empty IEND is the same in every PNG there is.
        #expect(bytes.suffix(8) == [0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
        #expect(bytes != BenchPicture(width: 300, height: 300, seed: 2).bytes)
        #expect(bytes == BenchPicture(width: 300, height: 300, seed: 1).bytes)
    }
}
