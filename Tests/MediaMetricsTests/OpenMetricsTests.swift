import CoreMetrics
import FoundationEssentials
import Synchronization
import Testing

@testable import MediaMetrics

/// OpenMetrics 1.0.0 by the letter of its specification; `make check-metrics` has other people's parsers read it.
@Suite struct OpenMetricsTests {
    @Test func everyTypeIsWrittenAsTheSpecificationSays() {
        let built = MetricDefinition("shop_build_info", .info, labels: ["version"], help: "The build.")
        let registry = PrometheusRegistry([
            MetricDefinition("shop_visits_total", .counter, labels: ["door"], help: "Visits."),
            MetricDefinition("shop_sold_bytes_total", .counter, help: #"Bytes, "sold" at C:\till."#),
            MetricDefinition("shop_full_ratio", .gauge, help: "How full it is."),
            MetricDefinition("shop_wait_seconds", .durations(buckets: [0.00025, 0.005, 1]), help: "W."),
            MetricDefinition("shop_parcel_bytes", .sizes(buckets: [10, 1_048_576]), help: "Parcels."),
            built,
        ])
        registry.registerCollector { [MetricSample(built, labels: [("version", "1.0")], 1)] }
        Counter(label: "shop_visits_total", dimensions: [("door", "a\"b\n")], factory: registry).increment(by: 7)
        Gauge(label: "shop_full_ratio", factory: registry).record(0.5)
        Timer(label: "shop_wait_seconds", factory: registry).recordMilliseconds(5)
        Recorder(label: "shop_parcel_bytes", factory: registry).record(1_048_577)
        let expected = #"""
            # TYPE shop_build info
            # HELP shop_build The build.
            shop_build_info{version="1.0"} 1
            # TYPE shop_full_ratio gauge
            # UNIT shop_full_ratio ratio
            # HELP shop_full_ratio How full it is.
            shop_full_ratio 0.5
            # TYPE shop_parcel_bytes histogram
            # UNIT shop_parcel_bytes bytes
            # HELP shop_parcel_bytes Parcels.
            shop_parcel_bytes_bucket{le="10.0"} 0
            shop_parcel_bytes_bucket{le="1.048576e+06"} 0
            shop_parcel_bytes_bucket{le="+Inf"} 1
            shop_parcel_bytes_sum 1048577
            shop_parcel_bytes_count 1
            # TYPE shop_sold_bytes counter
            # UNIT shop_sold_bytes bytes
            # HELP shop_sold_bytes Bytes, \"sold\" at C:\\till.
            shop_sold_bytes_total 0
            # TYPE shop_visits counter
            # HELP shop_visits Visits.
            shop_visits_total{door="a\"b\n"} 7
            # TYPE shop_wait_seconds histogram
            # UNIT shop_wait_seconds seconds
            # HELP shop_wait_seconds W.
            shop_wait_seconds_bucket{le="0.00025"} 0
            shop_wait_seconds_bucket{le="0.005"} 1
            shop_wait_seconds_bucket{le="1.0"} 1
            shop_wait_seconds_bucket{le="+Inf"} 1
            shop_wait_seconds_sum 0.005
            shop_wait_seconds_count 1
            # EOF

            """#
        #expect(registry.openMetrics == expected)
    }

    /// The examples of "Canonical Numbers", and what Go's `%g` makes of some that are not in it.
    @Test(arguments: [
        (0, "0.0"), (0.001, "0.001"), (0.9, "0.9"), (0.999, "0.999"), (1, "1.0"), (1.7, "1.7"), (10, "10.0"),
        (1e-10, "1e-10"), (1e-09, "1e-09"), (1e-05, "1e-05"), (0.0001, "0.0001"), (100_000, "100000.0"),
        (1e6, "1e+06"), (1e10, "1e+10"), (1e15, "1e+15"), (0.00025, "0.00025"), (999_999, "999999.0"),
        (1_234_567.5, "1.2345675e+06"), (67_108_864, "6.7108864e+07"),
    ])
    func aBoundIsCanonical(value: Double, expected: String) { #expect(ExposedNumber.bound(value) == expected) }

    // Exemplars.

    private static let time = Date(timeIntervalSince1970: 1_700_000_000.1234)
    private static let definitions = [
        MetricDefinition("h_seconds", .durations(buckets: [0.001, 0.002]), help: "H.")
    ]

    private static func registry(tracing traceID: @escaping @Sendable () -> String?) -> PrometheusRegistry {
        PrometheusRegistry(Self.definitions, exemplars: ExemplarSource(currentTraceID: traceID, now: { Self.time }))
    }

    private static func buckets(_ registry: PrometheusRegistry) -> [String] {
        registry.openMetrics.split(separator: "\n").filter { $0.hasPrefix("h_seconds_bucket") }.map(String.init)
    }

    @Test func aBucketNamesTheLastTraceThatFellIntoIt() {
        let traceID = Mutex("")
        let registry = Self.registry { traceID.withLock { $0 } }
        let timer = Timer(label: "h_seconds", factory: registry)
        for (id, microseconds) in [("a1", 400), ("a2", 500), ("a3", 1500)] {
            traceID.withLock { $0 = id }
            timer.recordMicroseconds(microseconds)
        }
        #expect(
            Self.buckets(registry) == [
                ##"h_seconds_bucket{le="0.001"} 2 # {trace_id="a2"} 0.0005 1700000000.123"##,
                ##"h_seconds_bucket{le="0.002"} 3 # {trace_id="a3"} 0.0015 1700000000.123"##,
                #"h_seconds_bucket{le="+Inf"} 3"#,
            ]
        )
        #expect(!registry.text.contains("a2"), "the older format has none")
    }

    /// 128 characters of names and values are what the specification allows.
    @Test(arguments: [(nil, false), ("", false), (String(repeating: "a", count: 121), false), ("a", true)])
    func onlyAnIdThatMayBeThereIs(traceID: String?, isThere: Bool) {
        let registry = Self.registry { traceID }
        Timer(label: "h_seconds", factory: registry).recordMilliseconds(1)
        #expect(Self.buckets(registry)[0].contains(" # ") == isThere)
        #expect(registry.snapshot(of: "h_seconds")[[]] != nil)
    }

    @Test func noBucketNamesWhatItDoesNotCount() async {
        let registry = Self.registry { "f00d" }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                let timer = Timer(label: "h_seconds", factory: registry)
                for _ in 0..<20_000 { timer.recordMicroseconds(1) }
            }
            group.addTask {
                for _ in 0..<100 {
                    for line in Self.buckets(registry) where line.contains(" # ") { #expect(!line.contains("} 0 #")) }
                }
            }
        }
        #expect(Self.buckets(registry)[0].contains("20000 # {"))
    }
}
