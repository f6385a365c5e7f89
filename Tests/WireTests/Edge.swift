import Glibc
import MediaTesting
import Synchronization
import Testing

/// A cache of Debian's with an origin behind it that purges it: what a reader at the edge gets, whichever cache it is.
struct Edge<Cache: FrontCache> {
    let origin: Origin
    let cache: Cache

    /// Without a purge `latest` is new only when its max-age of a minute is over: half of it is no luck.
    private static var patience: Duration { .seconds(30) }

    /// - Parameters:
    ///   - target: who is told, as `purge.targets` has it.
    ///   - start: of the cache, before the origin with this port.
    static func with(
        _ target: String,
        environment: [String: String] = [:],
        start: (_ originPort: Int) async throws -> Cache,
        _ body: (Edge) async throws -> Void
    ) async throws {
        let settings = ["MEDIA_PURGE_TARGETS": target, "MEDIA_PURGE_RETRY_MAX": "1s"]
        try await Origin.with(environment: settings.merging(environment) { $1 }) { origin in
            try await body(Edge(origin: origin, cache: try await start(origin.service.port)))
        }
    }

    func get(_ target: String, _ fields: String...) async throws -> RawResponse {
        try await self.cache.connect().exchange(RawRequest.head("GET", target, fields))
    }

    func isHit(_ response: RawResponse) -> Bool {
        response["Cache-Status"]?.hasSuffix("\(Cache.name); hit") == true
    }

    /// Reads until the answer is right, and tells how long that took.
    func until(_ target: String, _ isRight: (RawResponse) -> Bool) async throws -> Duration {
        let start = ContinuousClock.now
        while true {
            let response = try await self.get(target)
            if isRight(response) { return ContinuousClock.now - start }
            let isPatient = ContinuousClock.now - start < Self.patience
            try #require(isPatient, "still \(response.status) with the tag \(response["ETag"] ?? "none")")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// How often the origin has delivered anything.
    func deliveries() async throws -> Double {
        let lines = try await self.origin.metrics().split(separator: "\n")
        return lines.filter { $0.hasPrefix("http_requests_total{route=\"/a/") }
            .compactMap { $0.split(separator: " ").last }.compactMap { Double($0) }.reduce(0, +)
    }
}

// MARK: - What holds for every cache

extension Edge {
    func afterAPublishLatestIsNew() async throws {
        let first = try await self.origin.asset()
        let latest = "/a/\(first.id)/latest/preview.webp"
        let old = "\"\(try first.entry("preview").sha256)\""
        _ = try await self.until(latest) { $0.status == 200 && $0["ETag"] == old }
        // From the cache, which the purge of the first version may have emptied once more.
        _ = try await self.until(latest) { self.isHit($0) }
        let second = try await self.origin.asset("noise.png", to: "/v1/assets/\(first.id)/versions")
        let new = "\"\(try second.entry("preview").sha256)\""
        #expect(old != new)
        let time = try await self.until(latest) { $0["ETag"] == new }
        // And back.
        let body = Array(#"{"version": 1}"#.utf8)
        let json = ["Content-Type: application/json"]
        let path = "/v1/assets/\(first.id)/latest"
        #expect(try await self.origin.ask("PUT", path, json, body: body).status == 200)
        let timeBack = try await self.until(latest) { $0["ETag"] == old }
        print("\(Cache.name): latest is new at the edge after \(time), old again after \(timeBack)")
        // What a version's URL means did not change, and was not fetched again.
        let versioned = try second.entry("preview").url
        #expect(try await self.get(versioned).status == 200)
        #expect(self.isHit(try await self.get(versioned)))
    }

    func afterADeleteItSaysGone() async throws {
        let asset = try await self.origin.asset()
        _ = try await self.origin.asset("noise.png", to: "/v1/assets/\(asset.id)/versions")
        let kept = try await self.origin.asset("noise.png")
        let urls = ["v1", "v2", "latest"].flatMap { version -> [String] in
            ["preview", "thumbnail"].map { "/a/\(asset.id)/\(version)/\($0).webp" }
        }
        let other = try kept.entry("preview").url
        for url in urls + [other] {
            _ = try await self.until(url) { $0.status == 200 }
            #expect(self.isHit(try await self.get(url)))
        }
        #expect(try await self.origin.ask("DELETE", "/v1/assets/\(asset.id)").status == 204)
        for url in urls {
            let time = try await self.until(url) { $0.status == 410 }
            print("\(Cache.name): \(url) is 410 at the edge after \(time)")
            // It stays so: nobody has kept the old for later.
            #expect(try await self.get(url).status == 410)
        }
        #expect(self.isHit(try await self.get(other)))
        #expect(try await self.origin.ask("POST", "/v1/assets/\(asset.id)/undelete").status == 200)
        for url in urls { _ = try await self.until(url) { $0.status == 200 } }
    }

    /// - Parameter sign: gives a path the URLs that it has, one a key.
    func afterADeleteWhatWasSignedIsGone(sign: (_ path: String) async throws -> [String]) async throws {
        let asset = try await self.origin.asset("gradient-large.jpg")
        var urls: [String] = []
        for file in ["w=64,h=48,fit=cover,q=75.webp", "w=64.jpg"] {
            urls += try await sign("/a/\(asset.id)/v1/\(file)")
        }
        #expect(Set(urls).count == 4)
        for url in urls {
            _ = try await self.until(url) { $0.status == 200 }
            // One object for every kind of reader.
            for accept in ["Accept: image/avif,image/webp", "Accept: image/webp", "Accept: */*"] {
                #expect(self.isHit(try await self.get(url, accept)), "\(accept)")
            }
        }
        #expect(try await self.origin.ask("DELETE", "/v1/assets/\(asset.id)").status == 204)
        for url in urls {
            _ = try await self.until(url) { $0.status == 410 }
            for accept in ["Accept: image/avif,image/webp", "Accept: image/webp", "Accept: */*"] {
                #expect(try await self.get(url, accept).status == 410)
            }
        }
    }

    /// A part of what is not there yet comes of the whole, which is fetched once and kept.
    func rangesAreOfTheWhole() async throws {
        let entry = try await self.origin.asset("noise.png").entry("preview")
        let whole = try await self.origin.get(entry.url).body
        let before = try await self.deliveries()
        let cold = try await self.get(entry.url, "Range: bytes=10-19")
        #expect(cold.status == 206)
        #expect(cold["Content-Range"] == "bytes 10-19/\(entry.bytes)")
        #expect(cold.body == Array(whole[10..<20]))
        let end = try await self.get(entry.url, "Range: bytes=-7")
        #expect(end.status == 206)
        #expect(end.body == Array(whole.suffix(7)))
        #expect(self.isHit(end), "\(end["Cache-Status"] ?? "none")")
        #expect(try await self.get(entry.url).body == whole)
        #expect(try await self.get(entry.url, "Range: bytes=\(entry.bytes)-").status == 416)
        let other = try await self.get(entry.url, "Range: bytes=0-0", "If-Range: \"other\"")
        #expect(other.status == 200)
        #expect(try await self.deliveries() == before + 1)
    }

    func conditionsAreAnsweredHere() async throws {
        let entry = try await self.origin.asset().entry("thumbnail")
        let tag = "\"\(entry.sha256)\""
        #expect(try await self.get(entry.url)["ETag"] == tag)
        let before = try await self.deliveries()
        let same = try await self.get(entry.url, "If-None-Match: \(tag)")
        #expect(same.status == 304)
        #expect(same["ETag"] == tag)
        #expect(try await self.get(entry.url, "If-None-Match: \"other\"").status == 200)
        #expect(try await self.deliveries() == before)
    }
}

/// What a cache makes of fields that the real origin never sends, or not so short: the origin is the test's own.
enum EdgeRules {
    private final class Health: Sendable {
        private let broken = Atomic(false)

        var isBroken: Bool { self.broken.load(ordering: .acquiring) }

        func breakDown() { self.broken.store(true, ordering: .releasing) }
    }

    /// Also answers Varnish's probe.
    private static func origin(
        _ answer: @escaping @Sendable (_ request: String) -> CannedServer.Answer
    ) throws -> CannedServer {
        try CannedServer { _, request in request.hasPrefix("GET /a/ ") ? .said(404, "") : answer(request) }
    }

    private static func get(_ cache: any FrontCache, _ target: String, _ fields: String...) async throws -> RawResponse
    {
        try await cache.connect().exchange(RawRequest.head("GET", target, fields))
    }

    private static func requests(_ server: CannedServer) -> [String] {
        server.requests.filter { !$0.hasPrefix("GET /a/ ") }
    }

    /// With the origin gone the old is served for max-age and stale-if-error, and not for longer.
    static func staleEnds(start: (_ originPort: Int) async throws -> any FrontCache) async throws {
        let (fresh, stale) = (Duration.seconds(1), Duration.seconds(8))
        let control = "Cache-Control: public, max-age=1, stale-while-revalidate=1, stale-if-error=8"
        var server: CannedServer? = try Self.origin { _ in .said(200, "old", fields: [control, "ETag: \"a\""]) }
        let cache = try await start(try #require(server).port)
        let asked = ContinuousClock.now
        #expect(try await Self.get(cache, "/a/x/latest/p.webp").text == "old")
        let answered = ContinuousClock.now
        server = nil
        var staleAnswers = 0
        // Both count in whole seconds somewhere.
        let rounding = Duration.seconds(1)
        while true {
            let now = ContinuousClock.now
            let response = try await Self.get(cache, "/a/x/latest/p.webp")
            guard response.status == 200 else {
                #expect(response.status >= 500)
                #expect(response["Cache-Control"] == "no-store")
                #expect(ContinuousClock.now - asked > fresh + stale - rounding, "it ended too early")
                break
            }
            #expect(response.text == "old")
            if now - answered > fresh + rounding { staleAnswers += 1 }
            try #require(now - answered < fresh + stale + rounding, "it does not end")
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(staleAnswers > 0)
    }

    /// An answer with 5xx takes nothing away while stale-if-error counts.
    static func failuresAreNoAnswers(start: (_ originPort: Int) async throws -> any FrontCache) async throws {
        let control = "Cache-Control: public, max-age=1, stale-while-revalidate=1, stale-if-error=600"
        let health = Health()
        let server = try Self.origin { _ in
            health.isBroken
                ? .said(503, "broken", fields: ["Cache-Control: no-store"])
                : .said(200, "old", fields: [control, "ETag: \"a\""])
        }
        let cache = try await start(server.port)
        #expect(try await Self.get(cache, "/a/x/latest/p.webp").text == "old")
        health.breakDown()
        // Beyond stale-while-revalidate, so that a reader waits for the origin.
        try await Task.sleep(for: .seconds(3))
        for _ in 0..<5 {
            let response = try await Self.get(cache, "/a/x/latest/p.webp")
            #expect(response.status == 200)
            #expect(response.text == "old")
        }
        #expect(Self.requests(server).count >= 2)
        let cold = try await Self.get(cache, "/a/y/latest/p.webp")
        #expect(cold.status >= 500)
        #expect(cold["Cache-Control"] == "no-store")
    }

    /// A crowd before a cold object sends one to the origin.
    static func aCrowdIsOneRequest(start: (_ originPort: Int) async throws -> any FrontCache) async throws {
        let server = try Self.origin { _ in
            // Long enough for the crowd to come.
            usleep(700_000)
            return .said(200, "picture", fields: ["Cache-Control: public, max-age=600"])
        }
        let cache = try await start(server.port)
        try await withThrowingTaskGroup(of: RawResponse.self) { group in
            for _ in 0..<40 { group.addTask { try await Self.get(cache, "/a/x/v1/p.webp") } }
            for try await response in group { #expect(response.text == "picture") }
        }
        #expect(Self.requests(server).count == 1)
    }

    /// Whatever the origin would give out, and whoever asks.
    ///
    /// - Parameter start: of what stands before the origin with this port; returns how it is connected to.
    static func originalsStayInside(
        start: (_ originPort: Int) async throws -> () async throws -> RawConnection
    ) async throws {
        let server = try Self.origin { _ in .said(200, "picture") }
        let connect = try await start(server.port)
        let ask = { (path: String) in
            try await connect().exchange(RawRequest.head("GET", path, ["Authorization: Bearer secret"]))
        }
        #expect(try await ask("/a/x/v1/preview.webp").status == 200)
        for path in ["/a/x/v1/original", "/a/x/v1/original?x=1", "/a/x/latest/original"] {
            let response = try await ask(path)
            #expect(response.status == 404)
            #expect(response["Cache-Control"] == "no-store")
        }
        #expect(!server.requests.contains { $0.contains("original") })
    }

    /// A negotiated URL has three objects, whatever readers write; each is told to the origin in its one spelling.
    static func readersAreOfThreeKinds(start: (_ originPort: Int) async throws -> any FrontCache) async throws {
        let server = try Self.origin { request in
            let accept = request.split(separator: "\r\n").first { $0.lowercased().hasPrefix("accept: ") }?.dropFirst(8)
            let fields = ["Cache-Control: public, max-age=600", "Vary: Accept"]
            return .said(200, String(accept ?? "none"), fields: fields)
        }
        let cache = try await start(server.port)
        let (avif, webp, none) = ("image/avif,image/webp", "image/webp", "none")
        let readers = [
            ("image/avif,image/webp,image/apng,image/*,*/*;q=0.8", avif), ("image/webp,*/*;q=0.8", webp), ("*/*", none),
            ("Image/AVIF", avif), ("image/avif;q=0.5, image/webp", avif), ("image/avif; q=0.001", avif),
            ("image/avif;q=0, image/webp", webp), ("image/avif ; q=0.000,image/webp;q=0.1", webp),
            ("image/avif;q=0", none), ("image/webp;Q=0., */*", none), ("image/avif;q=0,image/avif", avif),
        ]
        for (accept, expected) in readers {
            let response = try await Self.get(cache, "/a/x/v1/preview", "Accept: \(accept)")
            #expect(response.text == expected, "\(accept)")
        }
        #expect(Self.requests(server).count == 3)
        // What has an ending has one object, also before a signature.
        for (index, url) in ["/a/x/v1/preview.webp", "/a/x/v1/w=64.webp?sig=k1.aB-_"].enumerated() {
            for (accept, _) in readers { #expect(try await Self.get(cache, url, "Accept: \(accept)").text == "none") }
            #expect(Self.requests(server).count == 4 + index)
        }
    }

    /// What would be another answer for another reader does not reach the origin.
    static func nothingOfAReaderPasses(start: (_ originPort: Int) async throws -> any FrontCache) async throws {
        let server = try Self.origin { _ in .said(200, "picture", fields: ["Cache-Control: public, max-age=600"]) }
        let cache = try await start(server.port)
        let response = try await Self.get(cache, "/a/x/v1/p.webp", "Cookie: a=b", "Authorization: Bearer secret")
        #expect(response.text == "picture")
        let request = try #require(Self.requests(server).first).lowercased()
        #expect(request.hasPrefix("get /a/x/v1/p.webp http/1.1\r\n"))
        #expect(!request.contains("cookie"))
        #expect(!request.contains("secret"))
    }
}
