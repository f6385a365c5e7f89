import CoreMetrics
import Testing

@testable import MediaMetrics

/// How the objectives are judged, minute by minute of a clock of the tests' own.
@Suite struct IndicatorTests {
    /// A service that is asked, second by second.
    struct Service {
        static let bounds = [0.1, 0.2, 0.5, 1.0, 2.5]

        var record = IndicatorRecord()
        var reading = ObjectiveReading()
        var now = Duration.zero
        private var durations = [Int](repeating: 0, count: Self.bounds.count + 1)

        init() { self.record.add(self.reading, at: self.now) }

        /// Lets time pass with so many requests every ten seconds.
        mutating func pass(
            _ time: Duration,
            requests: Int = 100,
            unavailable: Int = 0,
            errors: Int = 0,
            seconds: Double = 0.05
        ) {
            for _ in 0..<Int(time / IndicatorRecord.interval) {
                self.now += IndicatorRecord.interval
                self.reading.requests += requests
                self.reading.unavailable += unavailable
                self.reading.errors += errors
                for (bucket, bound) in (Self.bounds + [.infinity]).enumerated() where seconds <= bound {
                    self.durations[bucket] += requests
                }
                self.reading.durations = Distribution(bounds: Self.bounds, cumulative: self.durations)
                self.reading.hitDurations = self.reading.durations
                self.record.add(self.reading, at: self.now)
            }
        }

        func indicator(_ name: String) throws -> Indicator {
            try #require(self.record.indicators(self.reading, at: self.now).first { $0.objective.name == name })
        }

        func status(_ name: String) throws -> Indicator.Status { try self.indicator(name).status }
    }

    private static let all = Objective.all.map(\.name)

    @Test func theObjectivesAreThoseOfTheIssue() {
        #expect(
            Objective.all.map { "\($0.name) \($0.target)" } == [
                "availability 0.999", "latency-p95 0.5", "latency-p99 1.0", "hit-latency-p95 0.2",
                "server-errors 0.001",
            ]
        )
    }

    @Test(arguments: all)
    func aServiceThatWasNeverAskedHasNoData(name: String) throws {
        var service = Service()
        service.pass(.seconds(3600), requests: 0)
        let indicator = try service.indicator(name)
        #expect(indicator.status == .noData && indicator.current == nil && indicator.trend == .stable)
        #expect(indicator.status.level == 0)
        #expect(indicator.windows.map(\.requests) == [0, 0])
    }

    @Test(arguments: all)
    func aServiceThatIsWellMeetsAll(name: String) throws {
        var service = Service()
        service.pass(.seconds(4000))
        let indicator = try service.indicator(name)
        #expect(indicator.status == .meeting && indicator.trend == .stable)
        #expect(
            indicator.windows == [
                .init(seconds: 300, requests: 3000, value: indicator.current),
                .init(seconds: 3600, requests: 36_000, value: indicator.current),
            ]
        )
    }

    /// Ten requests, three of which fail: 70 % is a figure, but says nothing of the service.
    @Test func ofAFewRequestsNoShareIsTold() throws {
        var service = Service()
        service.pass(.seconds(10), requests: 10, unavailable: 3, errors: 3)
        #expect(try service.status("availability") == .noData)
        #expect(try service.status("server-errors") == .noData)
        #expect(try service.status("latency-p95") == .noData)
    }

    @Test func twoFailuresAreNoBreachHoweverFewAsk() throws {
        var service = Service()
        service.pass(.seconds(10), requests: 30, unavailable: 2, errors: 2)
        #expect(try service.status("availability") == .meeting)
        #expect(try service.indicator("availability").current == 28.0 / 30)
        service.pass(.seconds(10), requests: 30, unavailable: 1, errors: 1)
        #expect(try service.status("availability") == .breaching)
        #expect(try service.status("server-errors") == .breaching)
    }

    /// A p99 of 60 requests would be the slowest one alone.
    @Test func aPercentileNeedsMoreThanOneRequestBeyondIt() throws {
        var service = Service()
        service.pass(.seconds(10), requests: 60, seconds: 2)
        #expect(try service.status("latency-p95") == .breaching)
        #expect(try service.status("latency-p99") == .noData)
        service.pass(.seconds(10), requests: 60, seconds: 2)
        #expect(try service.status("latency-p99") == .breaching)
    }

    @Test func theShareIsHeldAgainstItsTarget() throws {
        var service = Service()
        service.pass(.seconds(3600), requests: 10_000, unavailable: 7)
        #expect(try service.status("availability") == .meeting)
        service.pass(.seconds(3600), requests: 10_000, unavailable: 9)
        #expect(try service.status("availability") == .atRisk)
        service.pass(.seconds(3600), requests: 10_000, unavailable: 11)
        #expect(try service.status("availability") == .breaching)
        #expect(try service.status("server-errors") == .meeting)
    }

    @Test func whatIsOverIsAtRiskAndThenForgotten() throws {
        var service = Service()
        service.pass(.seconds(3600))
        service.pass(.seconds(60), unavailable: 100, errors: 100)
        #expect(try service.status("availability") == .breaching)
        service.pass(.seconds(310))
        #expect(try service.status("availability") == .atRisk)
        #expect(try service.indicator("availability").current == 1)
        service.pass(.seconds(3600))
        #expect(try service.status("availability") == .meeting)
    }

    /// A burst that the hour has room for.
    @Test func whatTheHourHasRoomForIsAtRiskOnly() throws {
        var service = Service()
        service.pass(.seconds(3600), requests: 10_000)
        service.pass(.seconds(20), requests: 10_000, unavailable: 500)
        let indicator = try service.indicator("availability")
        #expect(indicator.status == .atRisk && indicator.trend == .degrading)
    }

    @Test func whoIsNotAskedAnyMoreIsJudgedByTheHour() throws {
        var service = Service()
        service.pass(.seconds(600), unavailable: 50)
        service.pass(.seconds(600), requests: 0)
        let indicator = try service.indicator("availability")
        #expect(indicator.status == .atRisk && indicator.current == 0.5 && indicator.trend == .stable)
        service.pass(.seconds(3600), requests: 0)
        #expect(try service.status("availability") == .noData)
    }

    @Test func slownessIsABreachOfTheLatenciesAlone() throws {
        var service = Service()
        service.pass(.seconds(3600), seconds: 0.05)
        service.pass(.seconds(600), seconds: 2)
        #expect(try service.status("latency-p95") == .breaching)
        #expect(try service.status("latency-p99") == .breaching)
        #expect(try service.status("hit-latency-p95") == .breaching)
        #expect(try service.status("availability") == .meeting)
        #expect(try service.indicator("latency-p95").trend == .stable)
        service.pass(.seconds(300), seconds: 0.05)
        #expect(try service.indicator("latency-p95").trend == .improving)
    }

    @Test func theTrendTakesNoNoticeOfSmallChange() throws {
        var service = Service()
        service.pass(.seconds(300), seconds: 0.05)
        service.pass(.seconds(300), seconds: 0.15)
        // From 95 to 195 ms: a fifth of what is allowed of all, half of what is allowed of hits.
        #expect(try service.indicator("latency-p99").trend == .degrading)
        #expect(try service.indicator("latency-p99").status == .meeting)
        #expect(try service.indicator("hit-latency-p95").status == .atRisk)
        service.pass(.seconds(300), seconds: 0.15)
        #expect(try service.indicator("latency-p99").trend == .stable)
    }

    @Test func memoryIsBounded() {
        var service = Service()
        service.pass(.seconds(20_000))
        #expect(service.record.count == IndicatorRecord.readingsMax)
        #expect(IndicatorRecord.readingsMax == 361)
    }

    /// The loop that takes them was held up.
    @Test func aWindowReachesBackOverAGap() throws {
        var service = Service()
        service.pass(.seconds(100), unavailable: 50)
        service.now += .seconds(280)
        service.pass(.seconds(10))
        let window = try #require(try service.indicator("availability").windows.first)
        #expect(window.requests == 200)
        service.now += .seconds(3500)
        service.pass(.seconds(10))
        #expect(try service.indicator("availability").windows.map(\.requests) == [100, 200])
    }
}

/// Prometheus 2.42 gives the same figures for the same buckets: `histogram_quantile` in `promtool test rules`.
@Suite struct DistributionTests {
    private static let some = Distribution(bounds: [0.1, 0.2, 0.5, 1], cumulative: [10, 40, 90, 100, 100])

    @Test(arguments: [
        (0.05, 0.05), (0.1, 0.1), (0.25, 0.15), (0.5, 0.26), (0.9, 0.5), (0.95, 0.75), (0.99, 0.95), (1, 1),
    ])
    func quantilesAreLinearWithinABucket(share: Double, expected: Double) throws {
        #expect(abs(try #require(Self.some.quantile(share)) - expected) < 1e-9)
    }

    @Test func whatLiesAboveAllBoundsIsTheLastOfThem() {
        #expect(Distribution(bounds: [0.1, 1], cumulative: [0, 0, 7]).quantile(0.5) == 1)
        #expect(Distribution(bounds: [0.1, 1], cumulative: [0, 9, 10]).quantile(0.95) == 1)
    }

    @Test func nothingHasNoQuantile() {
        #expect(Distribution.none.quantile(0.5) == nil)
        #expect(Distribution(bounds: [1], cumulative: [0, 0]).quantile(0.5) == nil)
        #expect(Self.some.since(Self.some).quantile(0.5) == nil)
    }

    @Test func emptyBucketsAreSkipped() {
        let gap = Distribution(bounds: [0.1, 0.2, 0.5], cumulative: [50, 50, 100, 100])
        #expect(gap.quantile(0.5) == 0.1)
        #expect(gap.quantile(0.75) == 0.35)
    }

    @Test func whatCameBetweenIsTheDifference() {
        let later = Distribution(bounds: Self.some.bounds, cumulative: [11, 43, 95, 107, 109])
        #expect(later.since(Self.some).cumulative == [1, 3, 5, 7, 9])
        #expect(later.since(.none) == later)
    }
}

/// What the indicators take from the registry.
@Suite struct ObjectiveReadingTests {
    private let registry = PrometheusRegistry(
        [
            MetricDefinition("http_requests_total", .counter, labels: ["route", "method", "status"], help: "R."),
            MetricDefinition(
                "http_request_duration_seconds",
                .durations(buckets: [0.1, 1]),
                labels: ["route"],
                help: "D."
            ),
            MetricDefinition(
                "media_delivery_duration_seconds",
                .durations(buckets: [0.1, 0.2]),
                labels: ["result"],
                help: "D."
            ),
        ] + OriginMetrics.objectives.metrics
            + OriginMetrics.http.metrics.filter {
                ["http_refusals_total", "http_responses_cut_total"].contains($0.name)
            }
    )

    private func count(_ status: String, _ count: Int, route: String = "/a") {
        let dimensions = [("route", route), ("method", "GET"), ("status", status)]
        Counter(label: "http_requests_total", dimensions: dimensions, factory: self.registry).increment(by: count)
    }

    private func refuse(_ problem: String, _ count: Int) {
        let counter = Counter(label: "http_refusals_total", dimensions: [("problem", problem)], factory: self.registry)
        counter.increment(by: count)
    }

    private func time(_ name: String, _ label: (String, String), _ milliseconds: Int) {
        Timer(label: name, dimensions: [label], factory: self.registry).recordMilliseconds(milliseconds)
    }

    @Test func goodAndBadAnswersAreToldApart() {
        for (status, number) in [("200", 70), ("304", 9), ("404", 8), ("499", 3), ("500", 4), ("507", 2), ("503", 6)] {
            self.count(status, number)
        }
        self.count("200", 100, route: "/b")
        self.refuse("busy", 3)
        self.refuse("quota-exceeded", 1)
        // A reader who leaves is no failure.
        for (cause, count) in [("store", 5), ("peer", 100)] {
            let dimensions = [("route", "/a"), ("cause", cause)]
            Counter(label: "http_responses_cut_total", dimensions: dimensions, factory: self.registry)
                .increment(by: count)
        }
        let reading = ObjectiveReading(self.registry)
        #expect(reading.requests == 202)
        #expect(reading.unavailable == 17)
        #expect(reading.errors == 8)
    }

    @Test func durationsAreThoseOfAllRoutesAndOfHits() {
        self.time("http_request_duration_seconds", ("route", "/a"), 50)
        self.time("http_request_duration_seconds", ("route", "/b"), 500)
        self.time("http_request_duration_seconds", ("route", "/b"), 5000)
        self.time("media_delivery_duration_seconds", ("result", "hit"), 150)
        self.time("media_delivery_duration_seconds", ("result", "miss"), 50)
        let reading = ObjectiveReading(self.registry)
        #expect(reading.durations.cumulative == [1, 2, 3])
        #expect(reading.hitDurations.cumulative == [0, 1, 1])
        #expect(reading.hitDurations.bounds == [0.1, 0.2])
    }

    @Test func nothingWasCountedYet() {
        #expect(ObjectiveReading(self.registry) == ObjectiveReading())
        #expect(ObjectiveReading(PrometheusRegistry([])) == ObjectiveReading())
    }

    /// The gauges show what the indicators say.
    @Test func theGaugesSayHowItStands() {
        let monitor = ObjectiveMonitor(read: { ObjectiveReading(self.registry) }, uptime: { .seconds(0) })
        self.registry.registerCollector { monitor.samples() }
        let shown = { (text: String) in
            String(decoding: self.registry.exposition(), as: UTF8.self).contains(text + "\n")
        }
        #expect(shown(#"media_objective_state{objective="availability"} 0"#))
        #expect(shown(#"media_objective_target{objective="availability"} 0.999"#))
        #expect(!shown(#"media_objective_current{objective="availability"} 1"#))
        self.count("200", 96)
        #expect(shown(#"media_objective_current{objective="availability"} 1"#))
        self.count("500", 4)
        #expect(shown(#"media_objective_state{objective="availability"} 2"#))
        #expect(shown(#"media_objective_current{objective="availability"} 0.96"#))
        #expect(shown(#"media_objective_current{objective="server-errors"} 0.04"#))
    }
}
