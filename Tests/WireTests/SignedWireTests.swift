import FoundationEssentials
import MediaTesting
import Testing

/// One-off recipes in signed URLs (docs/decisions/0019).
extension WireTests {
    @Suite struct SignedWireTests {
        private static let secrets = [
            "k1": "11111111111111111111111111111111", "k2": "22222222222222222222222222222222",
        ]

        /// A folder with a file for each secret.
        static func keys() throws -> TemporaryFolder {
            let folder = try TemporaryFolder()
            for (id, secret) in Self.secrets {
                try Data("\(secret)\n".utf8).write(to: URL(filePath: folder.path(id)))
            }
            return folder
        }

        static func setting(_ folder: TemporaryFolder, _ ids: String...) -> [String: String] {
            ["MEDIA_URL_SIGNING_KEYS": ids.map { "\($0):\(folder.path($0))" }.joined(separator: ";")]
        }

        /// What `mediactl sign` prints.
        static func sign(_ path: String, _ environment: [String: String]) async throws -> String {
            let outcome = try await ChildProcess.run(
                try #require(BuiltProducts.path("mediactl")),
                ["sign", path],
                environment: ChildProcess.cleanEnvironment.merging(environment) { $1 },
                timeout: Patience.timeMax
            )
            #expect(outcome.exit == .code(0), "\(outcome.errorText)")
            return outcome.text.split(separator: "\n").joined()
        }

        @Test func whatIsSignedIsMadeOnceAndServedLikeAPreset() async throws {
            let folder = try Self.keys()
            let environment = Self.setting(folder, "k1")
            try await Origin.with(environment: environment) { origin in
                let asset = try await origin.asset("gradient-large.jpg")
                let path = "/a/\(asset.id)/v1/w=64,h=48,fit=cover,q=75.webp"
                let url = try await Self.sign(path, environment)
                #expect(url.hasPrefix("\(path)?sig=k1."))
                let blobs = try origin.blobs().count
                let first = try await origin.get(url)
                #expect(first.status == 200)
                #expect(first["Content-Type"] == "image/webp")
                #expect(first["Cache-Control"] == DeliveryWireTests.immutable)
                #expect(first["Cache-Tag"] == "a.\(asset.id),a.\(asset.id).v1")
                #expect(first["Vary"] == nil)
                #expect(try origin.blobs().count == blobs + 1)
                let second = try await origin.get(url)
                #expect(second["ETag"] == first["ETag"] && second.body == first.body)
                #expect(try origin.blobs().count == blobs + 1)
                let etag = try #require(first["ETag"])
                #expect(try await origin.get(url, "If-None-Match: \(etag)").status == 304)
                #expect(try await origin.get(url, "Range: bytes=0-3").body == Array("RIFF".utf8))
                let jpeg = try await origin.get(try await Self.sign("/a/\(asset.id)/v1/w=64.jpg", environment))
                #expect(jpeg.status == 200 && jpeg["Content-Type"] == "image/jpeg")
            }
        }

        @Test func whatIsNotSignedIsRefusedBeforeAnyWork() async throws {
            let folder = try Self.keys()
            let environment = Self.setting(folder, "k1")
            try await Origin.with(environment: environment) { origin in
                let asset = try await origin.asset()
                let path = "/a/\(asset.id)/v1/w=64.webp"
                let url = try await Self.sign(path, environment)
                // Warm: what is made must not open the door for who has no signature.
                for _ in 0..<3 { #expect(try await origin.get(url).status == 200) }
                let before = try await HotPathWireTests.Metrics(origin)
                let signature = try #require(url.split(separator: "?").last)
                let wrong = [
                    path, "\(path)?", "\(path)?sig=", "\(url)x", "\(url)&a=b", "\(path)?a=b&\(signature)",
                    "/a/\(asset.id)/v1/w=65.webp?\(signature)", "/a/\(asset.id)/v2/w=64.webp?\(signature)",
                    "/a/\(asset.id)/v1/w=64.jpg?\(signature)", "/a/01jd3m8m9x0000000000000000/v1/w=64.webp",
                ]
                for target in wrong {
                    for method in ["GET", "HEAD"] {
                        let response = try await origin.ask(method, target)
                        #expect(response.status == 403, "\(method) \(target)")
                        if method == "GET" { #expect(try response.problem(403) == "bad-signature") }
                    }
                }
                let connection = try await origin.service.connect()
                for _ in 0..<4 {
                    #expect(try await connection.exchange(Origin.head("GET", url, [], body: [])).status == 200)
                    #expect(try await connection.exchange(Origin.head("GET", path, [], body: [])).status == 403)
                }
                let after = try await HotPathWireTests.Metrics(origin)
                let renders = "media_renders_total{outcome=\"done\"}"
                #expect(after[renders] == before[renders])
                #expect(after["media_cache_hot_objects"] == 0)
                // Another spelling of the options is no path at all, signed or not.
                let spelt = "/a/\(asset.id)/v1/w=64,q=80.webp"
                #expect(try await origin.get("\(spelt)?\(signature)").status == 404)
                #expect(try await origin.get("\(url.replacing("?", with: "/?"))").status == 404)
                #expect(try await origin.get("/a/\(asset.id)/v1/thumbnail.webp?\(signature)").status == 404)
            }
        }

        @Test func withoutAKeyThereAreNoSuchPaths() async throws {
            let folder = try Self.keys()
            try await Origin.with { origin in
                let asset = try await origin.asset()
                let url = try await Self.sign("/a/\(asset.id)/v1/w=64.webp", Self.setting(folder, "k1"))
                #expect(try await origin.get(url).status == 404)
            }
        }

        @Test func aKeyTakesOverFromAnother() async throws {
            let folder = try Self.keys()
            try await Origin.with(environment: Self.setting(folder, "k2", "k1")) { origin in
                let asset = try await origin.asset()
                let path = "/a/\(asset.id)/v1/w=64.webp"
                let old = try await Self.sign(path, Self.setting(folder, "k1"))
                let new = try await Self.sign(path, Self.setting(folder, "k2", "k1"))
                #expect(old.contains("?sig=k1.") && new.contains("?sig=k2."))
                let etags = [try await origin.get(old)["ETag"], try await origin.get(new)["ETag"]]
                #expect(etags[0] != nil && etags[0] == etags[1])
            }
            try await Origin.with(environment: Self.setting(folder, "k2")) { origin in
                let asset = try await origin.asset()
                let old = try await Self.sign("/a/\(asset.id)/v1/w=64.webp", Self.setting(folder, "k1"))
                #expect(try await origin.get(old).status == 403)
            }
        }

        @Test func aVersionHasOnlySoMany() async throws {
            let folder = try Self.keys()
            let signing = Self.setting(folder, "k1")
            let limit = ["MEDIA_URL_SIGNING_RECIPES_MAX": "2"]
            try await Origin.with(environment: signing.merging(limit) { $1 }) { origin in
                let asset = try await origin.asset()
                for (width, status) in [(10, 200), (11, 200), (12, 507), (10, 200)] {
                    let url = try await Self.sign("/a/\(asset.id)/v1/w=\(width).webp", signing)
                    let response = try await origin.get(url)
                    #expect(response.status == status, "\(width)")
                    if status == 507 { #expect(try response.problem(507) == "too-many-recipes") }
                }
                #expect(try await origin.ask("DELETE", "/v1/assets/\(asset.id)").status == 204)
                let url = try await Self.sign("/a/\(asset.id)/v1/w=10.webp", signing)
                #expect(try await origin.get(url).status == 410)
            }
        }
    }
}
