import Testing

@testable import MediaHTTP

@Suite struct MetricsFormatTests {
    /// What scrapers send: Prometheus 2.26, 2.42 and 3 (without and with protobuf), curl, a browser.
    private static let scrapers: [(field: String?, expected: MetricsFormat)] = [
        ("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .text004),
        (
            """
            application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
            text/plain;version=0.0.4;q=0.5,*/*;q=0.1
            """, .openMetrics100
        ),
        (
            """
            application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
            text/plain;version=0.0.4;q=0.2,*/*;q=0.1
            """, .openMetrics100
        ),
        (
            """
            application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
            application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1
            """, .openMetrics100
        ),
        ("text/plain;version=0.0.4;q=1,*/*;q=0.1", .text004), ("*/*", .text004), (nil, .text004),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .text004),
    ]

    @Test(arguments: scrapers)
    func aScraperGetsWhatItReadsBest(field: String?, expected: MetricsFormat) {
        #expect(MetricsFormat(accept: field) == expected)
    }

    private static let fields: [(field: String, expected: MetricsFormat)] = [
        ("application/openmetrics-text", .openMetrics100),
        ("APPLICATION/OpenMetrics-Text; Version=1.0.0; charset=UTF-8", .openMetrics100),
        ("application/openmetrics-text,text/plain", .openMetrics100),
        ("application/openmetrics-text,*/*", .openMetrics100),
        ("application/openmetrics-text;q=0.5,text/plain;q=0.501", .text004),
        ("application/*,text/*;q=0.9", .openMetrics100), ("application/*,text/*", .text004),
        // The most exact range says what a format is worth.
        ("application/openmetrics-text;q=0,*/*", .text004), ("text/plain;q=0,*/*", .openMetrics100),
        ("application/openmetrics-text,application/openmetrics-text;version=1.0.0;q=0", .text004),
        // A version that we do not write is no wish for the one that we do.
        ("application/openmetrics-text;version=2.0.0", .text004),
        ("application/openmetrics-text;charset=latin1", .text004),
        // Nothing that suits, and nothing at all.
        ("image/png", .text004), ("*/*;q=0", .text004), ("", .text004), (",,;", .text004),
        ("application/openmetrics-text;q=2", .text004), ("application/openmetrics-text;q=", .text004),
    ]

    @Test(arguments: fields)
    func theFieldIsReadByTheLetter(field: String, expected: MetricsFormat) {
        #expect(MetricsFormat(accept: field) == expected, "\(field)")
    }

    @Test func everyRouteHasItsHandles() {
        let id = "01jd3m8m9x0000000000000000"
        let paths = [
            "/a/\(id)/v1/thumbnail.webp", "/a/\(id)/latest/thumbnail.webp", "/a/\(id)/v1/original", "/v1/assets",
            "/v1/assets/\(id)", "/v1/assets/\(id)/undelete", "/v1/assets/\(id)/reprocess", "/v1/assets/\(id)/latest",
            "/v1/assets/\(id)/versions", "/v1/assets/\(id)/versions/1", "/nothing",
        ]
        #expect(paths.map { RequestTarget($0).route.template } == Route.templates)
    }
}
