import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

/// `Idempotency-Key`, `Content-Digest`, `Expect` and what is full, as they are on the wire.
@Suite(.timeLimit(.minutes(5))) struct FaceUploadTests {
    static let key = "Idempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324"

    static func multipart(_ picture: [UInt8], boundary: String = "frontier") -> (field: String, body: [UInt8]) {
        let open = "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n"
        let body = Array(open.utf8) + picture + Array("\r\n--\(boundary)--\r\nepilogue".utf8)
        return ("Content-Type: multipart/form-data; boundary=\(boundary)", body)
    }

    static func expectNothingKept(_ face: Face, _ location: SourceLocation = #_sourceLocation) {
        #expect(face.store.blobs.isEmpty, sourceLocation: location)
        #expect(face.store.draftsOpen == 0, sourceLocation: location)
        #expect(face.catalog.versions.isEmpty, sourceLocation: location)
    }

    @Test func anUploadSentAgainIsTheSameUpload() async throws {
        try await Face.with { face in
            let picture = Face.picture(5000)
            let first = try await face.ask("POST", "/v1/assets", [Self.key], body: picture)
            #expect(first.status == 201)
            let quoted = "Idempotency-Key: \"8e03978e-40d5-43dd-bc93-6894a57f9324\""
            let (one, form) = Self.multipart(picture)
            let (two, otherForm) = Self.multipart(picture, boundary: "another")
            let chunked = RawRequest.chunked(picture, chunkBytes: 700)
            for (fields, body) in [
                ([Self.key], picture), ([quoted], picture), ([Self.key, one], form), ([Self.key, two], otherForm),
                ([Self.key, "Transfer-Encoding: chunked"], chunked), ([Self.key, "Prefer: respond-async"], picture),
            ] {
                let again = try await face.ask("POST", "/v1/assets", fields, body: body)
                #expect(again.status == 201, "\(fields): \(again.text)")
                #expect(again.body == first.body)
                #expect(again["Location"] == first["Location"])
                #expect(again["Preference-Applied"] == nil)
            }
            #expect(face.catalog.versions.count == 1)
            // Without a key, or under another, it is another asset.
            #expect(try await face.ask("POST", "/v1/assets", ["Idempotency-Key: b"], body: picture).body != first.body)
            #expect(face.catalog.versions.count == 2)
        }
    }

    @Test func anAnswerThatCameEarlyIsGivenAgain() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let target = "/v1/assets/\(asset.id)/versions"
            let fields = [Self.key, "Prefer: respond-async"]
            let first = try await face.ask("POST", target, fields, body: Face.picture(700))
            let again = try await face.ask("POST", target, fields, body: Face.picture(700))
            for answer in [first, again] {
                #expect(answer.status == 202, "\(answer.text)")
                #expect(answer["Location"] == "\(target)/2")
                #expect(answer["Preference-Applied"] == "respond-async")
            }
            #expect(first.body == again.body)
            #expect(face.catalog.versions.count == 2)
        }
    }

    @Test func aKeyIsForOneRequest() async throws {
        try await Face.with { face in
            let asset = try await face.asset(Face.picture(100))
            let picture = Face.picture(5000)
            #expect(try await face.ask("POST", "/v1/assets", [Self.key], body: picture).status == 201)
            for (target, body) in [
                ("/v1/assets", Face.picture(5000, seed: 9)), ("/v1/assets", Face.picture(5001)),
                ("/v1/assets", Face.picture(4999)), ("/v1/assets/\(asset.id)/versions", picture),
            ] {
                let answer = try await face.ask("POST", target, [Self.key], body: body)
                #expect(try answer.problem(422) == "idempotency-key-reused", "\(target), \(body.count)")
            }
            #expect(face.catalog.versions.count == 2)
            #expect(face.store.blobs.count == 6)
        }
    }

    @Test func aKeyWhoseUploadRunsIsInUse() async throws {
        try await Face.with { face in
            let picture = Face.picture(5000)
            let head = RawRequest.head("POST", "/v1/assets", [Self.key], bodyBytes: picture.count)
            let slow = try await face.connect()
            try await slow.send(Array(head.utf8) + picture.prefix(4500))
            while face.store.draftsOpen == 0 { try await Task.sleep(for: .milliseconds(5)) }
            let answer = try await face.ask("POST", "/v1/assets", [Self.key], body: picture)
            #expect(try answer.problem(409) == "idempotency-key-in-use")
            #expect(answer["Retry-After"] == "1")
            try await slow.send(Array(picture.dropFirst(4500)))
            let first = try await slow.receiveResponse(to: "POST")
            #expect(first.status == 201)
            let again = try await face.ask("POST", "/v1/assets", [Self.key], body: picture)
            #expect(again.body == first.body)
        }
    }

    @Test func whatWasDeletedSinceIsGoneAlsoForItsKey() async throws {
        try await Face.with { face in
            let made = try await face.ask("POST", "/v1/assets", [Self.key], body: Face.picture(5000))
            let id = try made.json(FaceManifest.self).id
            #expect(try await face.ask("DELETE", "/v1/assets/\(id)").status == 204)
            let again = try await face.ask("POST", "/v1/assets", [Self.key], body: Face.picture(5000))
            #expect(try again.problem(410) == "gone")
        }
    }

    @Test func theDigestIsOfTheBodyAsItWasSent() async throws {
        try await Face.with { face in
            let picture = Face.picture(40_000)
            let (type, form) = Self.multipart(picture)
            let chunked = RawRequest.chunked(picture, chunkBytes: 999)
            let sha256 = "Content-Digest: \(FakeDigests.member(.sha256, picture))"
            let sha512 = "Content-Digest: \(FakeDigests.member(.sha512, picture))"
            for (fields, body) in [
                ([sha256], picture), ([sha512], picture), ([sha256, sha512], picture),
                (["Content-Digest: md5=:YQ==:"], picture),
                ([sha256, "Transfer-Encoding: chunked"], chunked),
                ([type, "Content-Digest: \(FakeDigests.member(.sha256, form)), x=1"], form),
            ] {
                let answer = try await face.ask("POST", "/v1/assets", fields, body: body)
                #expect(answer.status == 201, "\(fields): \(answer.text)")
                #expect(answer["Content-Digest"] == nil)
            }
        }
    }

    @Test func aBodyOfAnotherDigestLeavesNothing() async throws {
        try await Face.with { face in
            let picture = Face.picture(40_000)
            let (type, form) = Self.multipart(picture)
            let chunked = "Transfer-Encoding: chunked"
            let wrong = "Content-Digest: \(FakeDigests.member(.sha256, picture + [0]))"
            let right = "Content-Digest: \(FakeDigests.member(.sha512, picture))"
            // Right of the picture, wrong of the form around it; and what differs comes after the picture.
            let ofPicture = "Content-Digest: \(FakeDigests.member(.sha256, picture))"
            let ofOtherEnd = "Content-Digest: \(FakeDigests.member(.sha256, form.dropLast() + [0]))"
            for (fields, body) in [
                ([wrong], picture), ([right, wrong], picture),
                ([wrong, chunked], RawRequest.chunked(picture, chunkBytes: 999)),
                ([type, ofPicture], form), ([type, ofOtherEnd], form),
                ([type, ofOtherEnd, chunked], RawRequest.chunked(form, chunkBytes: 5000)),
                ([wrong, "Prefer: respond-async"], picture), ([wrong, Self.key], picture),
            ] {
                let answer = try await face.ask("POST", "/v1/assets", fields, body: body)
                #expect(try answer.problem(400) == "digest-mismatch", "\(fields)")
                Self.expectNothingKept(face)
            }
            // The key of what was refused is free.
            #expect(try await face.ask("POST", "/v1/assets", [Self.key], body: Face.picture(200)).status == 201)
            // A retry whose bytes are the same says so even with a wrong digest.
            let replay = try await face.ask("POST", "/v1/assets", [Self.key, wrong], body: Face.picture(200))
            #expect(try replay.problem(400) == "digest-mismatch")
        }
    }

    @Test func fieldsThatCannotBeReadAreRefused() async throws {
        try await Face.with { face in
            for (field, code) in [
                ("Idempotency-Key: ", "bad-idempotency-key"), ("Idempotency-Key: a b", "bad-idempotency-key"),
                ("Content-Digest: sha-256=abc", "bad-digest"), ("Content-Digest: ;", "bad-digest"),
            ] {
                let answer = try await face.ask("POST", "/v1/assets", [field], body: Face.picture(5000))
                #expect(try answer.problem(400) == code, "\(field)")
            }
            let two = ["Idempotency-Key: a", "Idempotency-Key: a"]
            let answer = try await face.ask("POST", "/v1/assets", two, body: Face.picture(5000))
            #expect(try answer.problem(400) == "bad-idempotency-key")
            Self.expectNothingKept(face)
        }
    }

    @Test func whoWaitsForContinueIsRefusedBeforeTheBody() async throws {
        try await Face.with { face in
            let asset = try await face.asset(Face.picture(100))
            let made = try await face.ask("POST", "/v1/assets", ["Idempotency-Key: taken"], body: Face.picture(200))
            #expect(made.status == 201)
            let slow = try await face.connect()
            let head = RawRequest.head("POST", "/v1/assets", ["Idempotency-Key: running"], bodyBytes: 5000)
            try await slow.send(Array(head.utf8) + Face.picture(4500))
            while face.store.draftsOpen == 0 { try await Task.sleep(for: .milliseconds(5)) }
            let versions = "/v1/assets/\(asset.id)/versions"
            for (target, fields, size, status) in [
                ("/v1/assets", ["Idempotency-Key: a b"], 5000, 400), ("/v1/assets", ["Content-Digest: x=;"], 5000, 400),
                ("/v1/assets", [], 200_000, 413), ("/v1/assets?x", [], 5000, 400), ("/v1/nothing", [], 5000, 404),
                (versions, ["Idempotency-Key: taken"], 5000, 422),
                ("/v1/assets", ["Idempotency-Key: running"], 5000, 409),
                ("/v1/assets", ["Content-Encoding: gzip"], 5000, 415),
                ("/v1/assets/\(asset.id)/latest", ["Content-Type: text/plain"], 10, 415),
                ("/v1/assets/\(asset.id)/latest", ["Content-Type: application/json"], 2000, 413),
                ("/v1/assets/\(asset.id)/reprocess", [], 10, 400),
            ] {
                let method = target.hasSuffix("/latest") ? "PUT" : "POST"
                let fields = fields + ["Expect: 100-continue", "Content-Length: \(size)"]
                let refused = try await face.connect()
                let answer = try await refused.exchange(RawRequest.head(method, target, fields))
                #expect(answer.status == status, "\(target) \(fields): \(answer.text)")
                #expect(answer["Connection"] == "close")
            }
        }
    }

    @Test func whoIsWantedIsToldToContinue() async throws {
        try await Face.with { face in
            let picture = Face.picture(5000)
            let connection = try await face.connect()
            for _ in 0..<2 {
                let fields = ["Expect: 100-continue"]
                let head = RawRequest.head("POST", "/v1/assets", fields, bodyBytes: picture.count)
                #expect(try await connection.exchange(head).status == 100)
                try await connection.send(picture)
                #expect(try await connection.receiveResponse(to: "POST").status == 201)
            }
            let id = try #require(face.catalog.versions.first?.ref.asset)
            let fields = ["Expect: 100-continue", "Content-Type: application/json", "Transfer-Encoding: chunked"]
            let head = RawRequest.head("PUT", "/v1/assets/\(id)/latest", fields)
            #expect(try await connection.exchange(head).status == 100)
            try await connection.send(RawRequest.chunked(Array(#"{"version":1}"#.utf8), chunkBytes: 4))
            #expect(try await connection.receiveResponse(to: "PUT").status == 200)
        }
    }

    @Test func aFullStoreRefusesUploadsAndServesTheRest() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            face.store.setRoom(StoreRoom(free: 10_000, total: 1_000_000))
            // The room is looked at again after a while.
            try await Task.sleep(for: .milliseconds(300))
            let connection = try await face.connect()
            let fields = ["Expect: 100-continue", "Content-Length: 9500"]
            let answer = try await connection.exchange(RawRequest.head("POST", "/v1/assets", fields))
            #expect(try answer.problem(507) == "insufficient-storage")
            #expect(answer["Retry-After"] == nil)
            #expect(try await face.ask("GET", "/a/\(asset.id)/v1/thumbnail.webp").status == 200)
            #expect(try await face.ask("DELETE", "/v1/assets/\(asset.id)?immediate=true").status == 204)
            #expect(try await face.ask("POST", "/v1/assets", body: Face.picture(500)).status == 201)
        }
    }

    /// Before `100 Continue`, so that no body is sent for nothing; reads, deletions and whoever does not wait go on.
    @Test func aFullRendererRefusesUploadsAndServesTheRest() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            face.renderer.setFull(true)
            var waits: Set<String> = []
            for _ in 0..<40 {
                let fields = ["Expect: 100-continue", "Content-Length: 500"]
                let connection = try await face.connect()
                let answer = try await connection.exchange(RawRequest.head("POST", "/v1/assets", fields))
                #expect(try answer.problem(503) == "temporary-reduced-capacity")
                #expect(answer["Vary"] == "Accept-Encoding")
                waits.insert(try #require(answer["Retry-After"]))
            }
            // Not all at the same time, and none before there is room (the renderer says in 2 s).
            #expect(waits == ["2", "3", "4"])
            #expect(try await face.ask("GET", "/a/\(asset.id)/v1/thumbnail.webp").status == 200)
            let fields = ["Prefer: respond-async"]
            #expect(try await face.ask("POST", "/v1/assets", fields, body: Face.picture(500)).status == 202)
            #expect(try await face.ask("DELETE", "/v1/assets/\(asset.id)?immediate=true").status == 204)
        }
    }

    /// What is wrong with the request itself is said also when there is no room; and what was done under a key before
    /// is told again.
    @Test func aFullRendererHidesNothingElse() async throws {
        let key = "Idempotency-Key: once"
        try await Face.with(token: "sesame") { face in
            let bearer = "Authorization: Bearer sesame"
            let first = try await face.ask("POST", "/v1/assets", [key, bearer], body: Face.picture(500))
            #expect(first.status == 201)
            face.renderer.setFull(true)
            let again = try await face.ask("POST", "/v1/assets", [key, bearer], body: Face.picture(500))
            #expect(again.status == 201 && again.body == first.body)
            #expect(try await face.ask("POST", "/v1/assets", body: Face.picture(500)).status == 401)
            #expect(try await face.ask("POST", "/v1/assets?x", [bearer], body: Face.picture(500)).status == 400)
            let large = try await face.connect()
            let length = ["Content-Length: \(Face.uploadBytesMax + 1)", bearer]
            #expect(try await large.exchange(RawRequest.head("POST", "/v1/assets", length)).status == 413)
            #expect(try await face.ask("POST", "/v1/assets", [bearer], body: Face.picture(500)).status == 503)
        }
    }

    /// The answers to what came before on the connection come first.
    @Test func aRefusalKeepsItsPlaceInThePipeline() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            face.renderer.setFull(true)
            let connection = try await face.connect()
            let first = RawRequest.head("GET", "/v1/assets/\(asset.id)", [])
            let second = RawRequest.head("POST", "/v1/assets", ["Content-Length: 500"])
            try await connection.send(Array((first + second).utf8) + Face.picture(500))
            #expect(try await connection.receiveResponse().status == 200)
            #expect(try await connection.receiveResponse().problem(503) == "temporary-reduced-capacity")
        }
    }

    @Test func aQuotaThatIsUsedUpIsSaid() async throws {
        try await Face.with(quota: Quota(bytes: nil, files: 1)) { face in
            let asset = try await face.asset()
            let before = face.store.blobs.count
            let answer = try await face.ask("POST", "/v1/assets", body: Face.picture(600))
            #expect(try answer.problem(507) == "quota-exceeded")
            #expect(face.store.blobs.count == before)
            #expect(try await face.ask("GET", "/a/\(asset.id)/v1/thumbnail.webp").status == 200)
        }
    }

    @Test func deliveriesTellTheDigestOfTheWhole() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let url = "/a/\(asset.id)/v1/thumbnail.webp"
            let whole = try await face.ask("GET", url)
            let expected = FakeDigests.member(.sha256, whole.body)
            let tag = try #require(whole["ETag"])
            for (method, fields, status) in [
                ("GET", [], 200), ("HEAD", [], 200), ("GET", ["Range: bytes=1-3"], 206),
                ("GET", ["If-None-Match: \(tag)"], 304),
            ] {
                let answer = try await face.ask(method, url, fields)
                #expect(answer.status == status)
                #expect(answer.values("Repr-Digest") == [expected], "\(method) \(fields)")
            }
            #expect(try await face.ask("GET", url, ["Range: bytes=999-"])["Repr-Digest"] == nil)
        }
    }
}
