import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

/// What becomes of an asset after its upload, as it is on the wire.
@Suite(.timeLimit(.minutes(5))) struct FaceLifeTests {
    static let unknown = "/v1/assets/01jd3m8m9x0000000000000000"

    /// Every request that is about an asset, with a body where it takes one.
    static func requests(on asset: String) -> [(method: String, target: String, fields: [String], body: [UInt8])] {
        [
            ("GET", asset, [], []), ("GET", "\(asset)/versions", [], []), ("GET", "\(asset)/versions/1", [], []),
            ("POST", "\(asset)/versions", [], Face.picture(100)), ("POST", "\(asset)/reprocess", [], []),
            ("PUT", "\(asset)/latest", ["Content-Type: application/json"], Array(#"{"version": 1}"#.utf8)),
        ]
    }

    @Test func aDeletedAssetIsGoneAndComesBack() async throws {
        try await Face.with { face in
            let kept = try await face.asset(Face.picture(3000, seed: 2))
            let asset = try await face.asset()
            let path = "/v1/assets/\(asset.id)"
            let urls = asset.renditions.values.map(\.url) + ["/a/\(asset.id)/latest/thumbnail.webp"]
            for _ in 0..<2 {
                let deleted = try await face.ask("DELETE", path)
                #expect(deleted.status == 204)
                #expect(deleted["Content-Length"] == nil && deleted["Content-Type"] == nil)
                #expect(deleted["Cache-Control"] == "no-store")
            }
            for url in urls {
                #expect(try await face.ask("GET", url).problem(410) == "gone")
                #expect(try await face.ask("HEAD", url).status == 410)
            }
            for request in Self.requests(on: path) {
                let answer = try await face.ask(request.method, request.target, request.fields, body: request.body)
                #expect(try answer.problem(410) == "gone", "\(request.method) \(request.target)")
            }
            let page = try await face.ask("GET", "/v1/assets").text
            #expect(!page.contains(asset.id) && page.contains(kept.id))
            #expect(try await face.ask("DELETE", "\(path)?immediate=false").status == 204)
            for _ in 0..<2 {
                let back = try await face.ask("POST", "\(path)/undelete")
                #expect(back.status == 200)
                #expect(try back.json(FaceManifest.self).id == asset.id)
            }
            for url in urls { #expect(try await face.ask("GET", url).status == 200) }
        }
    }

    @Test func aTakedownLeavesNothingInTheStore() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            #expect(face.store.blobs.count == 3)
            #expect(try await face.ask("DELETE", "/v1/assets/\(asset.id)?immediate=true").status == 204)
            #expect(face.store.blobs.isEmpty)
            #expect(try await face.ask("DELETE", "/v1/assets/\(asset.id)?immediate=true").status == 204)
            #expect(try await face.ask("POST", "/v1/assets/\(asset.id)/undelete").problem(410) == "gone")
            #expect(try await face.ask("GET", "/v1/assets/\(asset.id)").problem(410) == "gone")
        }
    }

    @Test func whatWasNeverThereIsNotFound() async throws {
        try await Face.with { face in
            for request in Self.requests(on: Self.unknown) {
                let answer = try await face.ask(request.method, request.target, request.fields, body: request.body)
                let code = try answer.problem(404)
                #expect(["unknown-asset", "unknown-version"].contains(code), "\(request.method) \(request.target)")
            }
            #expect(try await face.ask("DELETE", Self.unknown).problem(404) == "unknown-asset")
            #expect(try await face.ask("POST", "\(Self.unknown)/undelete").problem(404) == "unknown-asset")
        }
    }

    @Test func aDeletionIsNeverGuessed() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let path = "/v1/assets/\(asset.id)"
            for query in [
                "immediate", "immediate=", "immediate=yes", "immediate=TRUE", "immediate=true&immediate=true",
                "immediate=true&x=1", "now=true",
            ] {
                #expect(try await face.ask("DELETE", "\(path)?\(query)").problem(400) == "bad-query", "\(query)")
            }
            #expect(try await face.ask("DELETE", path, body: [1]).problem(400) == "unexpected-content")
            let chunk = RawRequest.chunked([1], chunkBytes: 1)
            for (method, target) in [("DELETE", path), ("POST", "\(path)/undelete"), ("POST", "\(path)/reprocess")] {
                let refused = try await face.ask(method, target, ["Transfer-Encoding: chunked"], body: chunk)
                #expect(try refused.problem(400) == "unexpected-content", "\(method) \(target)")
                let fields = ["Expect: 100-continue", "Transfer-Encoding: chunked"]
                #expect(try await face.ask(method, target, fields).problem(400) == "unexpected-content")
            }
            #expect(try await face.ask("GET", path).status == 200)
            #expect(try await face.ask("GET", "\(path)/versions").json(FaceVersions.self).versions.count == 1)
        }
    }

    @Test func aVersionIsMadeAnewFromTheLatestSource() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let path = "/v1/assets/\(asset.id)"
            let made = try await face.ask("POST", "\(path)/reprocess")
            #expect(made.status == 201, "\(made.text)")
            #expect(made["Location"] == "\(path)/versions/2")
            let manifest = try made.json(FaceManifest.self)
            #expect(manifest.version == 2 && manifest.state == "ready")
            // The same picture is not stored again; its renditions are.
            #expect(face.store.blobs.count == 5)
            #expect(try await face.ask("GET", "\(path)/versions/2").body == made.body)
            let empty = RawRequest.chunked([], chunkBytes: 1)
            let later = try await face.ask(
                "POST",
                "\(path)/reprocess",
                ["Transfer-Encoding: chunked", "Prefer: respond-async"],
                body: empty
            )
            #expect(later.status == 202, "\(later.text)")
            #expect(later["Location"] == "\(path)/versions/3")
            #expect(later["Preference-Applied"] == "respond-async")
            #expect(try later.json(FaceManifest.self).state == "processing")
        }
    }

    @Test func aDamagedSourceIsAConflictThatSaysWhatToDo() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let source = try #require(face.catalog.versions.first?.source.id)
            try await face.catalog.setDamage("corrupt", of: source)
            let answer = try await face.ask("POST", "/v1/assets/\(asset.id)/reprocess")
            #expect(try answer.problem(409) == "source-damaged")
            #expect(answer["Retry-After"] == nil)
            #expect(face.catalog.versions.count == 1)
        }
    }

    @Test func latestIsWhatWasChosenUntilANewerVersion() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let path = "/v1/assets/\(asset.id)"
            let url = "/a/\(asset.id)/latest/thumbnail.webp"
            _ = try await face.asset(Face.picture(6000), to: "\(path)/versions")
            let second = try await face.ask("GET", url)
            #expect(second.body == Array("thumbnail of 6000 bytes".utf8))
            let json = "Content-Type: application/json; charset=utf-8"
            let chosen = try await face.ask("PUT", "\(path)/latest", [json], body: Array(#" {"version": 1} "#.utf8))
            #expect(chosen.status == 200, "\(chosen.text)")
            #expect(try chosen.json(FaceManifest.self).version == 1)
            #expect(try await face.ask("GET", url).body == Array("thumbnail of 5000 bytes".utf8))
            #expect(try await face.ask("GET", "\(path)/versions").json(FaceVersions.self).latest == 1)
            // It is the latest one's source that is processed anew.
            _ = try await face.ask("POST", "\(path)/reprocess")
            #expect(try await face.ask("GET", url).body == Array("thumbnail of 5000 bytes".utf8))
            #expect(try await face.ask("GET", "\(path)/versions").json(FaceVersions.self).latest == 3)
        }
    }

    @Test func onlyAReadyVersionCanBeTheLatest() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let path = "/v1/assets/\(asset.id)"
            let json = ["Content-Type: application/json"]
            #expect(try await face.ask("POST", "\(path)/reprocess", ["Prefer: respond-async"]).status == 202)
            let early = try await face.ask("PUT", "\(path)/latest", json, body: Array(#"{"version":2}"#.utf8))
            #expect(try early.problem(409) == "version-not-ready")
            let none = try await face.ask("PUT", "\(path)/latest", json, body: Array(#"{"version":9}"#.utf8))
            #expect(try none.problem(404) == "unknown-version")
            for text in [
                "", "{", "[]", "1", "null", "{}", #"{"version":"1"}"#, #"{"version":1.5}"#, #"{"version":0}"#,
                #"{"version":-1}"#, #"{"version":1000000000}"#, #"{"version":1,"force":true}"#, #"{"Version":1}"#,
                #"{"version":null}"#, #"{"version":1}x"#, #"{"version":99999999999999999999}"#,
            ] {
                let answer = try await face.ask("PUT", "\(path)/latest", json, body: Array(text.utf8))
                #expect(try answer.problem(400) == "bad-json", "\(text)")
            }
            for fields in [[], ["Content-Type: text/plain"], ["Content-Type: application/jsonx"], ["Content-Type: "]] {
                let answer = try await face.ask("PUT", "\(path)/latest", fields, body: Array(#"{"version":1}"#.utf8))
                #expect(try answer.problem(415) == "json-required", "\(fields)")
            }
            let long = Array(#"{"version":1}"#.utf8) + [UInt8](repeating: 0x20, count: 1024)
            #expect(try await face.ask("PUT", "\(path)/latest", json, body: long).problem(413) == "content-too-large")
            let chunked = json + ["Transfer-Encoding: chunked"]
            let body = RawRequest.chunked(long, chunkBytes: 100)
            #expect(
                try await face.ask("PUT", "\(path)/latest", chunked, body: body).problem(413) == "content-too-large"
            )
            #expect(try await face.ask("GET", "\(path)/versions").json(FaceVersions.self).latest == 1)
        }
    }

    @Test func versionsComeInPagesTheNewestFirst() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let path = "/v1/assets/\(asset.id)"
            for _ in 0..<4 { #expect(try await face.ask("POST", "\(path)/reprocess").status == 201) }
            var seen: [Int] = []
            var cursor: String? = ""
            while let current = cursor {
                let answer = try await face.ask("GET", "\(path)/versions?cursor=\(current)&limit=2")
                #expect(answer["Cache-Control"] == "no-store")
                let page = try answer.json(FaceVersions.self)
                #expect(page.versions.count <= 2)
                #expect(page.latest == 5)
                seen += page.versions.map(\.version)
                cursor = page.nextCursor
            }
            #expect(seen == [5, 4, 3, 2, 1])
            for query in ["cursor=0", "cursor=x", "cursor=01", "limit=0", "limit=101", "latest=1"] {
                #expect(try await face.ask("GET", "\(path)/versions?\(query)").problem(400) == "bad-query", "\(query)")
            }
            #expect(try await face.ask("GET", "\(path)/versions/6").problem(404) == "unknown-version")
            #expect(try await face.ask("GET", "\(path)/versions/3").json(FaceManifest.self).version == 3)
        }
    }

    @Test func headIsGetWithoutItsBody() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let path = "/v1/assets/\(asset.id)"
            for target in ["/v1/assets", path, "\(path)/versions", "\(path)/versions/1", "\(path)/versions/2"] {
                let connection = try await face.connect()
                let head = try await connection.exchange(RawRequest.head("HEAD", target))
                let get = try await connection.exchange(RawRequest.head("GET", target))
                let own = ["date", "x-request-id"]
                let shared = { (response: RawResponse) in
                    response.fields.filter { !own.contains($0.name.lowercased()) }
                }
                #expect(head.status == get.status)
                #expect(head.body.isEmpty && !get.body.isEmpty)
                #expect(shared(head) == shared(get), "\(target)")
            }
        }
    }

    @Test func everyPathTellsItsMethods() async throws {
        try await Face.with { face in
            let asset = try await face.asset()
            let path = "/v1/assets/\(asset.id)"
            for (target, allow) in [
                ("/v1/assets", "GET, HEAD, POST"), (path, "GET, HEAD, DELETE"), ("\(path)/undelete", "POST"),
                ("\(path)/reprocess", "POST"), ("\(path)/latest", "PUT"), ("\(path)/versions", "GET, HEAD, POST"),
                ("\(path)/versions/1", "GET, HEAD"), ("/a/\(asset.id)/v1/thumbnail.webp", "GET, HEAD, OPTIONS"),
            ] {
                let others = allow.contains("OPTIONS") ? ["PATCH", "TRACE"] : ["OPTIONS", "PATCH", "TRACE"]
                for method in others + (allow.contains("GET") ? ["PUT"] : ["GET"]) {
                    let answer = try await face.ask(method, target)
                    #expect(try answer.problem(405) == "method-not-allowed", "\(method) \(target)")
                    #expect(answer["Allow"] == allow)
                }
            }
            for (method, target) in [
                ("GET", "\(path)?x"), ("POST", "/v1/assets?x"), ("POST", "\(path)/versions?x"),
                ("POST", "\(path)/reprocess?x"), ("POST", "\(path)/undelete?"), ("GET", "\(path)/versions/1?x"),
                ("PUT", "\(path)/latest?version=1"),
            ] {
                #expect(try await face.ask(method, target).problem(400) == "bad-query", "\(method) \(target)")
            }
        }
    }

    @Test func theTokenIsAskedForOnEveryPathOfTheAPI() async throws {
        let token = "a-token-of-thirty-two-characters"
        try await Face.with(token: token) { face in
            let bearer = "Authorization: Bearer \(token)"
            let made = try await face.ask("POST", "/v1/assets", [bearer], body: Face.picture(5000))
            let asset = try made.json(FaceManifest.self)
            let path = "/v1/assets/\(asset.id)"
            let more = [("DELETE", path), ("POST", "\(path)/undelete")]
            for (method, target) in Self.requests(on: path).map({ ($0.method, $0.target) }) + more {
                let answer = try await face.ask(method, target)
                #expect(try answer.problem(401) == "unauthorized", "\(method) \(target)")
                #expect(answer["WWW-Authenticate"] == "Bearer realm=\"image-origin\"")
            }
            #expect(try await face.ask("GET", "/a/\(asset.id)/v1/thumbnail.webp").status == 200)
            #expect(try await face.ask("DELETE", path, [bearer]).status == 204)
        }
    }
}
