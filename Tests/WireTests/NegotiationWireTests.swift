import MediaTesting
import Testing

/// The URL without an ending, and the endings of other formats (docs/decisions/0018).
extension WireTests {
    @Suite struct NegotiationWireTests {
        static let browser = "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"

        private static func url(_ asset: AssetJSON, _ file: String, _ version: String = "v1") -> String {
            "/a/\(asset.id)/\(version)/\(file)"
        }

        @Test func acceptDecidesAndVarySaysSo() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let webp = try await origin.get(try asset.entry("thumbnail").url)
                let jpeg = try await origin.get(Self.url(asset, "thumbnail.jpg"))
                #expect(jpeg.status == 200)
                #expect(jpeg["Content-Type"] == "image/jpeg")
                #expect(jpeg.body.starts(with: [0xFF, 0xD8, 0xFF]))
                #expect(jpeg["ETag"] != webp["ETag"])
                #expect(jpeg["Cache-Control"] == DeliveryWireTests.immutable)
                for version in ["v1", "latest"] {
                    let url = Self.url(asset, "thumbnail", version)
                    let wishes: [([String], RawResponse)] = [
                        ([Self.browser], webp), (["Accept: image/webp"], webp),
                        (["Accept: image/png", "Accept: image/webp;q=0.2"], webp), ([], jpeg), (["Accept: */*"], jpeg),
                        (["Accept: image/*"], jpeg), (["Accept: image/webp;q=0, */*"], jpeg),
                        (["Accept: text/html"], jpeg), (["Accept:"], jpeg),
                    ]
                    for method in ["GET", "HEAD"] {
                        for (fields, expected) in wishes {
                            let response = try await origin.ask(method, url, fields)
                            #expect(response.status == 200, "\(fields)")
                            #expect(response.values("Vary") == ["Accept"])
                            for name in ["ETag", "Content-Type", "Content-Length", "Repr-Digest"] {
                                #expect(response[name] == expected[name], "\(method) \(fields) \(name)")
                            }
                            #expect(response.body == (method == "GET" ? expected.body : []))
                        }
                    }
                }
                // The path that names its format never varies.
                for response in [webp, jpeg] { #expect(response["Vary"] == nil) }
                let latest = try await origin.get(Self.url(asset, "thumbnail", "latest"))
                #expect(latest["Cache-Control"] == DeliveryWireTests.latest)
                #expect(latest["Cache-Tag"] == "a.\(asset.id),a.\(asset.id).latest,p.thumbnail")
            }
        }

        @Test func everyAnswerOfTheURLVaries() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let url = Self.url(asset, "thumbnail")
                let etag = try #require(try await origin.get(url, Self.browser)["ETag"])
                let table: [(String, String, [String], Int)] = [
                    ("GET", url, [Self.browser, "If-None-Match: \(etag)"], 304),
                    // The other format's tag: what the client has is not what it gets.
                    ("GET", url, ["If-None-Match: \(etag)"], 200),
                    ("GET", url, [Self.browser, "Range: bytes=0-9"], 206),
                    ("GET", url, [Self.browser, "Range: bytes=0-9", "If-Range: \(etag)"], 206),
                    ("GET", url, ["Range: bytes=0-9", "If-Range: \(etag)"], 200),
                    ("GET", url, ["Range: bytes=99999999-"], 416), ("GET", url, ["If-Match: \"x\""], 412),
                    ("POST", url, [], 405), ("HEAD", Self.url(asset, "square"), [], 404),
                    ("GET", Self.url(asset, "square"), [], 404), ("GET", Self.url(asset, "thumbnail", "v2"), [], 404),
                ]
                for (method, target, fields, status) in table {
                    let response = try await origin.ask(method, target, fields)
                    #expect(response.status == status, "\(method) \(target) \(fields)")
                    #expect(response["Vary"]?.contains("Accept") == true, "\(method) \(target) \(fields)")
                }
                #expect(try await origin.ask("DELETE", "/v1/assets/\(asset.id)").status == 204)
                let gone = try await origin.get(url, Self.browser)
                #expect(gone.status == 410)
                #expect(gone["Vary"]?.contains("Accept") == true)
                #expect(try await origin.get(Self.url(asset, "thumbnail.jpg")).status == 410)
            }
        }

        /// The table of the hot path knows paths only: what depends on more must never be in it.
        @Test func theTableOfPathsNeverAnswersForAccept() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let url = Self.url(asset, "thumbnail")
                let connection = try await origin.service.connect()
                // Each of them warm, and turn by turn: also once the named ones are answered below the router.
                for _ in 0..<4 {
                    for (target, field, type) in [
                        (url, Self.browser, "image/webp"), (url, "Accept: */*", "image/jpeg"),
                        ("\(url).webp", "Accept: image/jpeg", "image/webp"), (url, "Accept: image/webp", "image/webp"),
                        ("\(url).jpg", Self.browser, "image/jpeg"), (url, "User-Agent: none", "image/jpeg"),
                    ] {
                        let response = try await connection.exchange(Origin.head("GET", target, [field], body: []))
                        #expect(response["Content-Type"] == type, "\(target) \(field)")
                        #expect(response["Vary"] == (target == url ? "Accept" : nil))
                    }
                }
                let metrics = try await HotPathWireTests.Metrics(origin)
                // The two that name their format, and no other.
                #expect(metrics["media_cache_hot_objects"] == 2)
            }
        }

        @Test func anotherFormatIsMadeOnceAndSurvivesARestart() async throws {
            let service = try await RunningService.start(environment: ["MEDIA_WORKERS": "1"])
            let origin = Origin(service: service)
            let asset = try await origin.asset("noise.png")
            let url = Self.url(asset, "preview.jpg")
            let blobs = try origin.blobs().count
            let etags = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<30 { group.addTask { try await origin.get(url)["ETag"] } }
                return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
            }
            #expect(etags.count == 1 && !etags.contains(nil))
            #expect(try origin.blobs().count == blobs + 1)
            #expect(try await HotPathWireTests.Metrics(origin)["media_renders_total{outcome=\"done\"}"] == 3)
            #expect(try await service.stop() == .code(0))
            let back = Origin(service: try await service.restart())
            let again = try await back.get(url)
            #expect(again["ETag"] == etags.first)
            #expect(try await HotPathWireTests.Metrics(back)["media_renders_total{outcome=\"done\"}"] == 0)
            #expect(try await back.service.stop() == .code(0))
        }

        @Test func whatThePresetDoesNotAllowIsNotThere() async throws {
            let presets = "thumbnail:w=320;plain:w=100,formats=webp;small:w=64,formats=avif+webp+jpeg"
            try await Origin.with(environment: ["MEDIA_PRESETS": presets]) { origin in
                let asset = try await origin.asset()
                for file in ["thumbnail.avif", "plain.jpg", "plain.avif", "thumbnail.jpeg", "thumbnail.png"] {
                    #expect(try await origin.get(Self.url(asset, file)).status == 404, "\(file)")
                }
                let plain = try await origin.get(Self.url(asset, "plain"), "Accept: image/jpeg")
                #expect(plain["Content-Type"] == "image/webp")
                #expect(plain["Vary"] == "Accept")
                let avif = try await origin.get(Self.url(asset, "small"), Self.browser)
                #expect(avif["Content-Type"] == "image/avif")
                #expect(avif.body.dropFirst(4).starts(with: Array("ftypavif".utf8)))
                #expect(try await origin.get(Self.url(asset, "small.avif")).body == avif.body)
                let webp = try await origin.get(Self.url(asset, "small"), "Accept: image/webp")
                #expect(webp["Content-Type"] == "image/webp")
                #expect(try await origin.get(Self.url(asset, "small"), "Accept: */*")["Content-Type"] == "image/jpeg")
            }
        }

        /// Over quota nothing more is made, and what is there is served all the same; for as long as a minute, for then
        /// the better one may be had.
        @Test func theWebPStandsInForWhatCannotBeMade() async throws {
            let folder = try TemporaryFolder()
            let presets = ["MEDIA_PRESETS": "thumbnail:w=32,formats=avif+webp+jpeg", "MEDIA_WORKERS": "1"]
            let first = try await RunningService.start(environment: presets, dataFolder: folder.path("data"))
            let asset = try await Origin(service: first).asset()
            #expect(try await first.stop() == .code(0))
            let full = presets.merging(["MEDIA_QUOTA_BYTES": "1"]) { $1 }
            let service = try await RunningService.start(environment: full, dataFolder: folder.path("data"))
            let origin = Origin(service: service)
            let url = Self.url(asset, "thumbnail")
            let webp = try await origin.get(try asset.entry("thumbnail").url)
            for (fields, method) in [([Self.browser], "GET"), ([Self.browser], "HEAD"), (["Accept: */*"], "GET")] {
                let answer = try await origin.ask(method, url, fields)
                #expect(answer.status == 200)
                #expect(answer["Content-Type"] == "image/webp")
                #expect(answer["ETag"] == webp["ETag"])
                #expect(answer["Cache-Control"] == "public, max-age=60")
                #expect(answer.values("Vary") == ["Accept"])
            }
            let etag = "If-None-Match: \(try #require(webp["ETag"]))"
            let same = try await origin.ask("GET", url, [Self.browser, etag])
            #expect(same.status == 304)
            #expect(same["Cache-Control"] == "public, max-age=60")
            // Who does not take it, and who named the other one, is told what is wrong.
            for (target, field) in [(url, "Accept: image/avif"), (url + ".avif", Self.browser)] {
                let refused = try await origin.get(target, field)
                #expect(try refused.problem(507) == "quota-exceeded")
            }
            // It is the best that there is for whoever names it alone.
            let named = try await origin.get(url, "Accept: image/webp")
            #expect(named["Cache-Control"] == DeliveryWireTests.immutable)
            #expect(try await service.stop() == .code(0))
        }

        /// Fewer bytes are no gain where they cost what the preset is for.
        @Test func whatMovesOrIsExactIsNotChosenAsAVIF() async throws {
            let presets = ["moving:w=32,anim=1", "exact:w=32,lossless=1"].map { "\($0),formats=avif+webp+jpeg" }
            try await Origin.with(environment: ["MEDIA_PRESETS": presets.joined(separator: ";")]) { origin in
                let (gif, png) = (try await origin.asset("animated.gif"), try await origin.asset())
                for (asset, preset, type) in [
                    (gif, "moving", "image/webp"), (png, "moving", "image/avif"), (png, "exact", "image/webp"),
                ] {
                    let answer = try await origin.get(Self.url(asset, preset), Self.browser)
                    #expect(answer["Content-Type"] == type, "\(preset)")
                    #expect(answer["Cache-Control"] == DeliveryWireTests.immutable)
                }
                let named = try await origin.get(Self.url(gif, "moving.avif"))
                #expect(named["Content-Type"] == "image/avif")
            }
        }
    }
}
