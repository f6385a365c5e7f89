import FoundationEssentials
import MediaModel
import MediaSealing
import MediaTesting
import Testing

@testable import MediaPurging

/// What goes over the wire, against what each target's documentation asks for.
@Suite(.timeLimit(.minutes(5))) struct DriverTests {
    static let asset = Samples.assetID(1)

    @Test func varnishIsToldSoftlyOfLatestAndHardOfDeletions() async throws {
        let target = try Target([.said(200, "")])
        let driver = target.driver { VarnishDriver(url: target.server.endpoint, mode: .xkey, connection: $0) }
        try await target.send([Self.record(1, .latest), Self.record(2, .deleted, of: Samples.assetID(2))], to: driver)
        let requests = target.requests
        #expect(requests.map(\.line) == ["PURGE / HTTP/1.1", "PURGE / HTTP/1.1"])
        #expect(requests[0]["xkey-softpurge"] == "a.\(Self.asset).latest")
        #expect(requests[0]["xkey-purge"] == nil)
        #expect(requests[1]["xkey-purge"] == "a.\(Samples.assetID(2))")
    }

    @Test func varnishIsGivenABanOfWholeTags() async throws {
        let target = try Target([.said(200, "")])
        let driver = target.driver { VarnishDriver(url: target.server.endpoint, mode: .ban, connection: $0) }
        try await target.send([Self.record(1, .latest), Self.record(2, .latest), Self.record(3, .deleted)], to: driver)
        #expect(target.requests.map(\.line) == ["BAN / HTTP/1.1"])
        let keys = "a[.]\(Self.asset)[.]latest|a[.]\(Self.asset)"
        #expect(target.requests[0]["ban-surrogate-key"] == "(^|[[:space:]])(\(keys))([[:space:]]|$)")
    }

    @Test func nginxGetsEachURLOnce() async throws {
        // That nothing is there is as good, in the words of each version of the module.
        let target = try Target([.said(200, ""), .said(404, ""), .said(412, "")])
        let driver = target.driver { NginxDriver(url: target.server.endpoint, connection: $0) }
        let paths = (1...9).map { "/a/\(Self.asset)/v\($0)/preview.webp" }
        let latest = ["/a/\(Self.asset)/latest/preview.webp"]
        try await target.send(
            [Self.record(1, .deleted, paths: paths + latest), Self.record(2, .latest, paths: latest)],
            to: driver
        )
        let requests = target.requests
        #expect(Set(requests.map(\.line)) == Set((paths + latest).map { "PURGE \($0) HTTP/1.1" }))
        #expect(requests.count == 10)
        #expect(requests.allSatisfy { $0["accept"] == nil })
    }

    /// A negotiated URL has an object for each kind of reader.
    @Test func nginxGetsANegotiatedURLForEachKindOfReader() async throws {
        let target = try Target([.said(200, "")])
        let driver = target.driver { NginxDriver(url: target.server.endpoint, connection: $0) }
        try await target.send([Self.record(1, .latest, paths: ["/a/\(Self.asset)/latest/preview"])], to: driver)
        #expect(Set(target.requests.map { $0["accept"] }) == ["image/avif,image/webp", "image/webp", nil])
        #expect(target.requests.count == 3)
    }

    /// A cache has the object of a recipe without a name under its signature: under that of any key that is known.
    @Test(arguments: [["k1"], ["k2", "k1"], []])
    func aRecipeWithoutANameIsPurgedUnderEachSignature(ids: [String]) async throws {
        let target = try Target([.said(200, "")])
        let keys = ids.map { RecipeSigner.Key(id: $0, signing: MessageAuthenticator(key: Array($0.utf8))) }
        let signer = keys.isEmpty ? nil : RecipeSigner(keys: keys) { $0 == $1 }
        let nginx = target.driver { NginxDriver(url: target.server.endpoint, connection: $0) }
        let driver = SignedPathsDriver(nginx, signer: signer)
        let preset = "/a/\(Self.asset)/v1/preview.webp"
        let path = try #require(DeliveryPath("/a/\(Self.asset)/v1/w=64,h=48,fit=cover.webp"))
        let record = Self.record(1, .deleted, paths: [preset, path.description])
        try await target.send([record], to: driver)
        let expected = [preset] + (try signer?.signedByEach(path) ?? [])
        #expect(target.requests.map(\.line).sorted() == expected.map { "PURGE \($0) HTTP/1.1" }.sorted())
        #expect(target.requests.allSatisfy { $0["accept"] == nil })
        #expect(driver.recordsMax == nginx.recordsMax)
    }

    @Test(arguments: [(403, PurgeError.Code.denied), (405, .refused), (503, .unreachable)])
    func nginxThatSaysNoWasNotTold(status: Int, code: PurgeError.Code) async throws {
        let target = try Target([.said(404, ""), .said(status, "")])
        let driver = target.driver { NginxDriver(url: target.server.endpoint, connection: $0) }
        let paths = ["/a/\(Self.asset)/v1/preview.webp", "/a/\(Self.asset)/latest/preview.webp"]
        let error = await #expect(throws: PurgeError.self) {
            try await driver.send([Self.record(1, .deleted, paths: paths)])
        }
        #expect(error?.code == code)
    }

    @Test func cloudflareGetsThirtyTagsARequest() async throws {
        let target = try Target([.said(200, #"{"success":true,"errors":[],"result":{"id":"z"}}"#)])
        let driver = target.driver {
            CloudflareDriver(
                url: target.server.endpoint,
                zone: "023e105f4ecef8ad9ca31a8372d0c353",
                token: "secret-token",
                scope: .tags,
                connection: $0
            )
        }
        #expect(driver.recordsMax == 30)
        let records = (1...30).map { Self.record(Int64($0), .deleted, of: Samples.assetID($0)) }
        try await target.send(records + [Self.record(31, .deleted, of: Samples.assetID(31))], to: driver)
        let requests = target.requests
        #expect(requests.count == 2)
        #expect(requests[0].line == "POST /client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache HTTP/1.1")
        #expect(requests[0]["authorization"] == "Bearer secret-token")
        #expect(requests[0]["content-type"] == "application/json")
        #expect(try requests.map { try $0.json(Tags.self).tags.count } == [30, 1])
        #expect(try requests[0].json(Tags.self).tags[0] == "a.\(Samples.assetID(1))")
    }

    @Test func cloudflareGetsURLs() async throws {
        let target = try Target([.said(200, #"{"success": true}"#)])
        let driver = target.driver {
            CloudflareDriver(
                url: target.server.endpoint,
                zone: "z",
                token: "t",
                scope: .urls(site: "https://img.example.org"),
                connection: $0
            )
        }
        let paths = (1...31).map { "/a/\(Self.asset)/v\($0)/preview.webp" }
        try await target.send([Self.record(1, .deleted, paths: paths)], to: driver)
        let files = try target.requests.map { try $0.json(Files.self).files }
        #expect(files.map(\.count) == [30, 1])
        #expect(files[1] == ["https://img.example.org/a/\(Self.asset)/v31/preview.webp"])
        // Nothing was ever delivered of it.
        try await target.send([Self.record(2, .deleted)], to: driver)
        #expect(target.requests.count == 2)
    }

    @Test func cloudflaresSuccessIsInItsBody() async throws {
        let target = try Target([.said(200, #"{"success":false,"errors":[{"code":1012}]}"#)])
        let driver = target.driver {
            CloudflareDriver(url: target.server.endpoint, zone: "z", token: "t", scope: .tags, connection: $0)
        }
        let error = await #expect(throws: PurgeError.self) { try await driver.send([Self.record(1, .latest)]) }
        #expect(error?.code == .refused)
        #expect(error?.detail.contains("1012") == true)
    }

    @Test func fastlyGetsKeysSoftlyAndHard() async throws {
        let target = try Target([.said(200, #"{"a":"1"}"#)])
        let driver = target.driver {
            FastlyDriver(url: target.server.endpoint, service: "SU1Z0isxPaozGVKXdv0eY", token: "key", connection: $0)
        }
        #expect(driver.recordsMax == 256)
        try await target.send([Self.record(1, .deleted), Self.record(2, .latest), Self.record(3, .latest)], to: driver)
        let requests = target.requests
        #expect(Set(requests.map(\.line)) == ["POST /service/SU1Z0isxPaozGVKXdv0eY/purge HTTP/1.1"])
        #expect(requests.map { $0["fastly-key"] } == ["key", "key"])
        #expect(requests.map { $0["fastly-soft-purge"] } == ["1", nil])
        #expect(requests.map { $0["accept"] } == ["application/json", "application/json"])
        let keys = try requests.map { try $0.json(SurrogateKeys.self).keys }
        #expect(keys == [["a.\(Self.asset).latest"], ["a.\(Self.asset)"]])
    }

    @Test func cloudFrontGetsPathsAndASignatureThatIsRight() async throws {
        let target = try Target([.said(201, "<Invalidation/>")])
        let credentials = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret", sessionToken: "session")
        let signature = AWSSignature(credentials: credentials, region: "us-east-1", service: "cloudfront")
        let driver = target.driver {
            CloudFrontDriver(
                url: target.server.endpoint,
                distribution: "EDFDVBD6EXAMPLE",
                signer: signature,
                connection: $0
            )
        }
        let paths = ["/a/\(Self.asset)/latest/preview.webp", "/a/\(Self.asset)/latest/thumbnail.webp"]
        let deletions = (2...17).map { Self.record(Int64($0), .deleted, of: Samples.assetID($0)) }
        try await target.send([Self.record(1, .latest, paths: paths)] + deletions, to: driver)
        let requests = target.requests
        // Paths that can be listed, 15 wildcards, and one more.
        #expect(requests.count == 3)
        let path = "/2020-05-31/distribution/EDFDVBD6EXAMPLE/invalidation"
        #expect(requests[0].line == "POST \(path) HTTP/1.1")
        let document = requests[0].body
        #expect(document.contains(#"<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">"#))
        let items = paths.map { "<Path>\($0)</Path>" }.joined()
        #expect(document.contains("<Paths><Items>\(items)</Items><Quantity>2</Quantity></Paths>"))
        #expect(requests[1].body.contains("<Path>/a/\(Samples.assetID(2))/*</Path>"))
        #expect(requests[1].body.contains("<Quantity>15</Quantity>"))
        #expect(requests[2].body.contains("<Quantity>1</Quantity>"))
        let references = requests.compactMap { $0.body.firstMatch(of: /<CallerReference>([^<]+)</)?.1 }
        #expect(Set(references).count == 3)
        try Self.checkSignature(of: requests[0], path: path, signature, server: target.server)
    }

    /// What is signed is what was sent.
    private static func checkSignature(
        of request: SentRequest,
        path: String,
        _ signature: AWSSignature,
        server: CannedServer
    ) throws {
        #expect(request["host"] == "127.0.0.1:\(server.port)")
        #expect(request["x-amz-security-token"] == "session")
        let date = try #require(request["x-amz-date"])
        let style = Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
        let fields = ["host", "content-type", "x-amz-date", "x-amz-security-token"]
        let expected = try signature.authorization(
            method: "POST",
            path: path,
            fields: Dictionary(uniqueKeysWithValues: fields.map { ($0, request[$0] ?? "") }),
            body: Array(request.body.utf8),
            at: try style.parse(date)
        )
        #expect(request["authorization"] == expected)
        #expect(expected.contains("/us-east-1/cloudfront/aws4_request"))
    }

    @Test(arguments: ["TooManyInvalidationsInProgress", "Throttling"])
    func cloudFrontSaysLaterWith400(code: String) async throws {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code></Error></ErrorResponse>"
        let target = try Target([.said(400, body)])
        let signature = AWSSignature(
            credentials: AWSCredentials(accessKeyID: "a", secretAccessKey: "b"),
            region: "us-east-1",
            service: "cloudfront"
        )
        let driver = target.driver {
            CloudFrontDriver(url: target.server.endpoint, distribution: "E", signer: signature, connection: $0)
        }
        let error = await #expect(throws: PurgeError.self) { try await driver.send([Self.record(1, .deleted)]) }
        #expect(error?.code == .throttled)
    }

    @Test func webhooksAreSignedAsTheStandardHasIt() async throws {
        let key = Samples.bytes(32)
        let target = try Target([.said(204, "")])
        let authenticator = MessageAuthenticator(key: key)
        let driver = target.driver {
            WebhookDriver(url: "\(target.server.endpoint)/purged", authenticator: authenticator, connection: $0)
        }
        let paths = ["/a/\(Self.asset)/latest/preview.webp"]
        let again = Self.record(7, .deleted, sentAt: Samples.moment)
        try await target.send([Self.record(7, .deleted, paths: paths), again], to: driver)
        let requests = target.requests
        #expect(requests.map(\.line) == ["POST /purged HTTP/1.1", "POST /purged HTTP/1.1"])
        #expect(requests.map { $0["webhook-id"] } == ["purge-edge-7", "purge-edge-7-again"])
        let timestamp = try #require(requests[0]["webhook-timestamp"].flatMap { Int($0) })
        #expect(abs(Date().timeIntervalSince1970 - Double(timestamp)) < 60)
        let signed = Array("purge-edge-7.\(timestamp).\(requests[0].body)".utf8)
        let signature = Data(try authenticator.mac(of: signed)).base64EncodedString()
        #expect(requests[0]["webhook-signature"] == "v1,\(signature)")
        let body =
            #"{"data":{"asset":"\#(Self.asset)","change":"deleted","paths":["\#(paths[0])"],"soft":false,"#
            + #""surrogateKeys":["a.\#(Self.asset)"]},"timestamp":"2026-11-21T07:00:00Z","type":"asset.purge"}"#
        #expect(requests[0].body == body)
    }

    @Test func theMacIsThatOfTheStandard() throws {
        // RFC 4231, test case 2.
        let authenticator = MessageAuthenticator(key: Array("Jefe".utf8))
        let mac = try authenticator.mac(of: Array("what do ya want for nothing?".utf8))
        #expect(Hex.encode(mac) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }
}

/// What a target's trouble is to the outbox.
@Suite(.timeLimit(.minutes(5))) struct PurgeConnectionTests {
    @Test(arguments: [
        (301, PurgeError.Code.refused), (400, .refused), (401, .denied), (403, .denied), (404, .refused),
        (405, .refused), (408, .unreachable), (429, .throttled), (500, .unreachable), (503, .unreachable),
    ])
    func statusesAreToldApart(status: Int, code: PurgeError.Code) async throws {
        let target = try Target([.said(status, "no\u{1B}[31m way", fields: ["Retry-After: 7"])])
        let driver = target.varnish
        let error = await #expect(throws: PurgeError.self) {
            try await driver.send([DriverTests.record(1, .latest)])
        }
        #expect(error?.code == code)
        #expect(error?.retryAfter == .seconds(7))
        #expect(error?.detail.hasSuffix("\(status) no [31m way") == true, "\(error?.detail ?? "")")
    }

    @Test(arguments: [CannedServer.Answer.silence, .halfABody("x"), .cutBody("x"), .hangUp, .noise])
    func aTargetInTroubleIsUnreachable(answer: CannedServer.Answer) async throws {
        let target = try Target([answer], deadline: .milliseconds(300))
        let driver = target.varnish
        let error = await #expect(throws: PurgeError.self) {
            try await driver.send([DriverTests.record(1, .latest)])
        }
        #expect(error?.code == .unreachable)
    }

    @Test func aTargetThatIsNotThereIsUnreachable() async throws {
        var server: CannedServer? = try CannedServer([.said(200, "")])
        let url = try #require(server).endpoint
        server = nil
        let target = try Target([.said(200, "")])
        let driver = target.driver { VarnishDriver(url: url, mode: .xkey, connection: $0) }
        let error = await #expect(throws: PurgeError.self) {
            try await driver.send([DriverTests.record(1, .latest)])
        }
        #expect(error?.code == .unreachable)
        #expect(target.requests.isEmpty)
    }

    @Test func aCancelledCallSaysSo() async throws {
        let target = try Target([.silence], deadline: .seconds(60))
        let driver = target.varnish
        let call = Task { try await driver.send([DriverTests.record(1, .latest)]) }
        while target.requests.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
    }

    @Test func requestsKeepTheirPace() async throws {
        let pace = PurgePace(perSecond: 50)
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<11 { group.addTask { try await pace.turn() } }
            try await group.waitForAll()
        }
        #expect(ContinuousClock.now - start >= .milliseconds(200))
    }
}
