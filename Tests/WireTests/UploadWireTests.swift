import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

/// Uploads as they are on the wire, the refused ones most of all.
extension WireTests {
    @Suite struct UploadWireTests {
        private static func multipart(_ picture: [UInt8], field: String = "file") -> (field: String, body: [UInt8]) {
            let open = "--frontier\r\nContent-Disposition: form-data; name=\"\(field)\"; filename=\"a.png\"\r\n\r\n"
            let body = Array(open.utf8) + picture + Array("\r\n--frontier--\r\n".utf8)
            return ("Content-Type: multipart/form-data; boundary=frontier", body)
        }

        @Test func theManifestSaysWhatWasMade() async throws {
            try await Origin.with { origin in
                let picture = try Fixtures.bytes("pictures/gradient-large.jpg")
                let response = try await origin.upload(picture, "Content-Type: image/jpeg")
                #expect(response.status == 201)
                #expect(response["Content-Type"] == "application/json")
                #expect(response["Cache-Control"] == "no-store")
                let asset = try response.json(AssetJSON.self)
                #expect(response["Location"] == "/v1/assets/\(asset.id)")
                #expect(asset.version == 1)
                #expect(asset.state == "ready")
                #expect(asset.source.mediaType == "image/jpeg")
                #expect(asset.source.bytes == picture.count)
                #expect(Set(asset.renditions.keys) == ["thumbnail", "preview"])
                for entry in asset.renditions.values {
                    let delivered = try await origin.get(entry.url)
                    #expect(delivered.body.count == entry.bytes)
                    #expect(delivered["ETag"] == "\"\(entry.sha256)\"")
                    #expect(delivered.body.starts(with: Array("RIFF".utf8)))
                }
                #expect(try await origin.get("/v1/assets/\(asset.id)").body == response.body)
            }
        }

        @Test func aMultipartBodyIsTheSameUpload() async throws {
            try await Origin.with { origin in
                let picture = try Fixtures.bytes("pictures/gradient.png")
                let (field, body) = Self.multipart(picture)
                let response = try await origin.upload(body, field)
                #expect(response.status == 201, "\(response.text)")
                let asset = try response.json(AssetJSON.self)
                #expect(asset.source.bytes == picture.count)
                #expect(asset.source.sha256 == (try await origin.asset()).source.sha256)
            }
        }

        @Test func aChunkedBodyIsTheSameUpload() async throws {
            try await Origin.with { origin in
                let picture = try Fixtures.bytes("pictures/gradient.png")
                let body = RawRequest.chunked(picture, chunkBytes: 700)
                let response = try await origin.upload(body, "Transfer-Encoding: chunked")
                #expect(response.status == 201, "\(response.text)")
                #expect(try response.json(AssetJSON.self).source.bytes == picture.count)
            }
        }

        @Test func badMultipartBodiesAreRefused() async throws {
            try await Origin.with { origin in
                let picture = try Fixtures.bytes("pictures/gradient.png")
                let (field, body) = Self.multipart(picture)
                let (_, other) = Self.multipart(picture, field: "image")
                let table: [(String, [UInt8])] = [
                    (field, Array(body.dropLast(20))), (field, other), (field, Array("nonsense".utf8)), (field, []),
                    ("Content-Type: multipart/form-data", body),
                ]
                for (field, body) in table {
                    #expect(try await origin.upload(body, field).problem(400) == "malformed-multipart")
                }
                #expect(try origin.blobs().isEmpty)
            }
        }

        @Test(arguments: [
            ("drawing.svg", 415, "unsupported-media-type"), ("gradient.tiff", 415, "unsupported-media-type"),
            ("empty", 415, "unsupported-media-type"), ("one-byte", 415, "unsupported-media-type"),
            ("magic-only.png", 422, "undecodable-picture"), ("long-chunk.png", 422, "undecodable-picture"),
            ("chunk-bomb.png", 422, "undecodable-picture"), ("20000x20000.png", 422, "too-many-pixels"),
        ])
        func whatIsRefusedLeavesNothing(name: String, status: Int, code: String) async throws {
            try await Origin.with { origin in
                let response = try await origin.upload(try Fixtures.bytes("pictures/\(name)"))
                #expect(try response.problem(status) == code)
                #expect(try origin.blobs().isEmpty)
                #expect(try await origin.get("/v1/assets").json(PageJSON.self).assets.isEmpty)
            }
        }

        @Test func tooLargeIsRefusedBeforeItsBodyAndTheConnectionCloses() async throws {
            try await Origin.with(environment: ["MEDIA_UPLOAD_BYTES_MAX": "100KiB"]) { origin in
                let connection = try await origin.service.connect()
                let head = Origin.head("POST", "/v1/assets", ["Content-Length: 200000000"], body: [])
                let response = try await connection.exchange(head)
                #expect(try response.problem(413) == "content-too-large")
                #expect(response["Connection"] == "close")
                #expect(try await connection.isClosedByPeer())
                #expect(try origin.blobs().isEmpty)
            }
        }

        @Test func aBodyThatDoesNotSayItsSizeIsCutAtTheLimit() async throws {
            try await Origin.with(environment: ["MEDIA_UPLOAD_BYTES_MAX": "100KiB"]) { origin in
                let connection = try await origin.service.connect()
                let head = Origin.head("POST", "/v1/assets", ["Transfer-Encoding: chunked"], body: [])
                let data = [0xFF, 0xD8, 0xFF] + [UInt8](repeating: 7, count: 120_000)
                let chunk = Array("\(String(data.count, radix: 16))\r\n".utf8) + data + Array("\r\n".utf8)
                let response = try await connection.exchange(head, body: chunk)
                #expect(try response.problem(413) == "content-too-large")
                #expect(try await connection.isClosedByPeer())
                #expect(try origin.blobs().isEmpty)
            }
        }

        @Test func whatStandsBesideTheFileCountsToo() async throws {
            try await Origin.with(environment: ["MEDIA_UPLOAD_BYTES_MAX": "100KiB"]) { origin in
                let junk = "--frontier\r\nContent-Disposition: form-data; name=\"junk\"\r\n\r\n"
                let body = Array(junk.utf8) + [UInt8](repeating: 7, count: 300_000)
                let chunk = Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n".utf8)
                let connection = try await origin.service.connect()
                let fields = ["Transfer-Encoding: chunked", "Content-Type: multipart/form-data; boundary=frontier"]
                let head = Origin.head("POST", "/v1/assets", fields, body: [])
                #expect(try await connection.exchange(head, body: chunk).problem(413) == "content-too-large")
            }
        }

        @Test func lengthsThatNoNumberHoldsAreTooLarge() async throws {
            try await Origin.with { origin in
                let connection = try await origin.service.connect()
                let fields = ["Content-Length: 10000000000000000000", "Expect: 100-continue"]
                let response = try await connection.exchange(Origin.head("POST", "/v1/assets", fields, body: []))
                #expect(try response.problem(413) == "content-too-large")
            }
        }

        @Test func aWrongPathOrMethodIsNotAskedForItsSize() async throws {
            try await Origin.with { origin in
                let url = try await origin.asset().entry("preview").url
                for (target, status) in [(url, 405), ("/nothing", 404)] {
                    let connection = try await origin.service.connect()
                    let fields = ["Content-Length: 9000000000"]
                    let response = try await connection.exchange(Origin.head("POST", target, fields, body: []))
                    #expect(response.status == status)
                    #expect(try await connection.isClosedByPeer())
                }
            }
        }

        @Test func aClientThatGoesIsNoErrorOfOurs() async throws {
            try await Origin.with { origin in
                for _ in 0..<3 {
                    let connection = try await origin.service.connect()
                    try await connection.send(Origin.head("POST", "/v1/assets", ["Content-Length: 90000"], body: []))
                    try await connection.send([0xFF, 0xD8, 0xFF] + Samples.bytes(30_000))
                    try await Task.sleep(for: .milliseconds(50))
                    try await connection.reset()
                }
                _ = try await comesAbout { try await origin.metrics().contains("http_requests_in_flight 0\n") }
                let text = try await origin.metrics()
                #expect(text.contains("http_requests_in_flight 0\n"))
                #expect(!text.contains("status=\"500\""))
                #expect(try origin.blobs().isEmpty)
                #expect(!origin.service.log.contains(" error "))
            }
        }

        @Test func continueIsSaidOnlyToWhatIsWanted() async throws {
            try await Origin.with(environment: ["MEDIA_UPLOAD_BYTES_MAX": "100KiB"]) { origin in
                let picture = try Fixtures.bytes("pictures/gradient.png")
                let wanted = try await origin.service.connect()
                let fields = ["Expect: 100-continue", "Content-Length: \(picture.count)"]
                #expect(try await wanted.exchange(Origin.head("POST", "/v1/assets", fields, body: [])).status == 100)
                try await wanted.send(picture)
                #expect(try await wanted.receiveResponse(to: "POST").status == 201)
                for (target, size, status) in [
                    ("/v1/assets", 200_000, 413), ("/v1/nothing", 10, 404), ("/v1/assets?x", 1, 400),
                ] {
                    let refused = try await origin.service.connect()
                    let fields = ["Expect: 100-continue", "Content-Length: \(size)"]
                    let response = try await refused.exchange(Origin.head("POST", target, fields, body: []))
                    #expect(response.status == status, "\(target)")
                }
            }
        }

        @Test func codedBodiesAreRefused() async throws {
            try await Origin.with { origin in
                let picture = try Fixtures.bytes("pictures/gradient.png")
                let response = try await origin.upload(picture, "Content-Encoding: gzip")
                #expect(try response.problem(415) == "unsupported-content-coding")
            }
        }

        @Test func anAnswerNeedNotBeWaitedFor() async throws {
            try await Origin.with { origin in
                let picture = try Fixtures.bytes("pictures/noise.png")
                let response = try await origin.upload(picture, "Prefer: wait=5, respond-async")
                #expect(response.status == 202)
                #expect(response["Preference-Applied"] == "respond-async")
                let id = try response.json(AssetJSON.self).id
                #expect(try await origin.comesToBe("ready", id))
                #expect(try await origin.get("/a/\(id)/v1/preview.webp").status == 200)
                let broken = try await origin.upload(
                    try Fixtures.bytes("pictures/magic-only.png"),
                    "Prefer: respond-async"
                )
                let failedID = try broken.json(AssetJSON.self).id
                #expect(try await origin.comesToBe("failed", failedID))
                let failed = try await origin.get("/v1/assets/\(failedID)").json(AssetJSON.self)
                #expect(failed.failure == "urn:image-origin:problem:undecodable-picture")
            }
        }

        @Test(arguments: [";", ";;", "a,;", " ; x", ",", "respond-async;", "x;respond-async"])
        func oddPreferencesAreNoReasonToEnd(preference: String) async throws {
            try await Origin.with { origin in
                let picture = try Fixtures.bytes("pictures/gradient.png")
                let status = try await origin.upload(picture, "Prefer: \(preference)").status
                #expect(status == (preference == "respond-async;" ? 202 : 201))
                #expect(try await origin.upload(picture).status == 201)
            }
        }

        @Test func versionsOfWhatIsNotThereAreNotFound() async throws {
            try await Origin.with { origin in
                let picture = try Fixtures.bytes("pictures/gradient.png")
                let target = "/v1/assets/01jd3m8m9x0000000000000000/versions"
                #expect(try await origin.upload(picture, to: target).problem(404) == "unknown-asset")
                #expect(try await origin.get("/v1/assets/01jd3m8m9x0000000000000000").problem(404) == "unknown-asset")
            }
        }

        @Test func pagesHoldEveryAssetOnce() async throws {
            try await Origin.with { origin in
                var ids: [String] = []
                for _ in 0..<5 { ids.append(try await origin.asset("1x1.png").id) }
                var seen: [String] = []
                var cursor: String? = ""
                while let current = cursor {
                    let page = try await origin.get("/v1/assets?cursor=\(current)&limit=2").json(PageJSON.self)
                    #expect(page.assets.count <= 2)
                    seen += page.assets.map(\.id)
                    cursor = page.nextCursor
                }
                #expect(seen == ids.sorted())
                for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "page=2"] {
                    #expect(try await origin.get("/v1/assets?\(query)").problem(400) == "bad-query")
                }
            }
        }

        @Test func theTokenGuardsTheAPIAndNotTheDelivery() async throws {
            let token = "a-token-of-thirty-two-characters"
            try await Origin.with(environment: ["MEDIA_API_TOKEN": token]) { origin in
                let picture = try Fixtures.bytes("pictures/gradient.png")
                for fields in [[], ["Authorization: Bearer wrong"], ["Authorization: Basic \(token)"]] {
                    let response = try await origin.ask("POST", "/v1/assets", fields, body: picture)
                    #expect(try response.problem(401) == "unauthorized")
                    #expect(response["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
                }
                let allowed = try await origin.upload(picture, "Authorization: Bearer \(token)")
                #expect(allowed.status == 201)
                let url = try allowed.json(AssetJSON.self).entry("preview").url
                #expect(try await origin.get(url).status == 200)
                #expect(!origin.service.log.contains(token))
            }
        }
    }
}
