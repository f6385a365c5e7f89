import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaHTTP

/// What pages need beside pixels, as the manifest has it, and how an upload says where a picture matters.
@Suite(.timeLimit(.minutes(5))) struct FacePageTests {
    struct Page: Decodable {
        struct Source: Decodable { let frames: Int? }
        struct Placeholder: Decodable, Equatable {
            let thumbhash: String
            let colour: String
        }
        struct Focus: Decodable, Equatable {
            let x: Double
            let y: Double
            let by: String
        }

        let source: Source
        let placeholder: Placeholder?
        let focus: Focus?
        let srcset: [String: String]?
    }

    @Test func theManifestHasWhatAPageShowsFirst() async throws {
        try await Face.with { face in
            let answer = try await face.ask("POST", "/v1/assets", body: Face.picture(500))
            let page = try answer.json(Page.self)
            #expect(page.placeholder == .init(thumbhash: Samples.impression.thumbHash.base64, colour: "#ffffff"))
            #expect(page.focus == .init(x: 0.75, y: 0.25, by: "attention"))
            #expect(page.source.frames == 1)
            let id = try answer.json(FaceManifest.self).id
            let again = try await face.ask("GET", "/v1/assets/\(id)").json(Page.self)
            #expect(again.placeholder == page.placeholder && again.srcset == page.srcset)
            // Only what was made at an upload is asked what it looks like.
            _ = try await face.ask("GET", "/a/\(id)/v1/thumbnail.jpg")
            #expect(face.renderer.jobs.map(\.wantsImpression) == [true, false])
            #expect(face.renderer.jobs.map(\.aim.attention) == [nil, Samples.impression.attention])
        }
    }

    @Test func theUploaderSaysWhatMatters() async throws {
        try await Face.with { face in
            let point = FocalPoint(x: 4000, y: 2500)
            for (target, expected) in [
                ("/v1/assets?focus=0.4,0.25", point), ("/v1/assets?focus=0.40%2C0.25", point),
                ("/v1/assets?focus=0,1", FocalPoint(x: 0, y: 10_000)),
            ] {
                let page = try await face.ask("POST", target, body: Face.picture(500)).json(Page.self)
                let (x, y) = (Double(expected.x) / 10_000, Double(expected.y) / 10_000)
                #expect(page.focus == .init(x: x, y: y, by: "upload"))
                #expect(face.renderer.jobs.last?.aim == Aim(focus: expected))
            }
            let form = FaceUploadTests.multipart(Face.picture(500))
            let answer = try await face.ask("POST", "/v1/assets?focus=0.4,0.25", [form.field], body: form.body)
            #expect(try answer.json(Page.self).focus?.by == "upload")

            // A new version from the same source: the same point, unless another is given.
            let id = try answer.json(FaceManifest.self).id
            let same = try await face.ask("POST", "/v1/assets/\(id)/reprocess").json(Page.self)
            #expect(same.focus == .init(x: 0.4, y: 0.25, by: "upload"))
            let other = try await face.ask("POST", "/v1/assets/\(id)/reprocess?focus=1,1").json(Page.self)
            #expect(other.focus == .init(x: 1, y: 1, by: "upload"))
            // A picture that is uploaded has nobody else's.
            let version = try await face.ask("POST", "/v1/assets/\(id)/versions", body: Face.picture(600))
            #expect(try version.json(Page.self).focus?.by == "attention")
        }
    }

    @Test(arguments: [
        "focus", "focus=", "focus=1", "focus=2,0", "focus=0.1,0.1&focus=0.1,0.1", "focus=a,b", "point=0,0",
    ])
    func aPointThatIsNoneIsRefused(query: String) async throws {
        try await Face.with { face in
            let answer = try await face.ask("POST", "/v1/assets?\(query)", body: Face.picture(500))
            #expect(try answer.problem(400) == "bad-query")
            FaceUploadTests.expectNothingKept(face)
        }
    }

    /// The same key with another point asks for something else.
    @Test func anotherPointUnderTheSameKeyIsAnotherRequest() async throws {
        try await Face.with { face in
            let key = [FaceUploadTests.key]
            let picture = Face.picture(500)
            let first = try await face.ask("POST", "/v1/assets?focus=0.5,0", key, body: picture)
            let again = try await face.ask("POST", "/v1/assets?focus=0.50,0.0", key, body: picture)
            #expect(again.body == first.body)
            for target in ["/v1/assets", "/v1/assets?focus=0.5,0.1"] {
                let other = try await face.ask("POST", target, key, body: picture)
                #expect(try other.problem(422) == "idempotency-key-reused", "\(target)")
            }
        }
    }
}

@Suite struct SourceSetTests {
    /// A ready version with a rendition of so many pixels across for each preset.
    private static func version(
        _ presets: [(String, PictureSize)],
        mediaType: String = "image/jpeg",
        frames: Int? = 1
    ) throws -> AssetVersion {
        let parsed = try presets.map { try Preset(text: $0.0) }
        let version = Samples.version(presets: parsed)
        let renditions = zip(Samples.renditions(of: version), presets).map { rendition, preset in
            Rendition(preset: rendition.preset, size: preset.1, blob: rendition.blob)
        }
        let source = Samples.blob(of: version.ref, mediaType: mediaType)
        let seen = frames.map { frames in
            Impression(
                thumbHash: Samples.impression.thumbHash,
                colour: .white,
                attention: .centre,
                frames: frames
            )
        }
        return AssetVersion(
            ref: version.ref,
            tenant: .default,
            state: .ready,
            createdAt: version.createdAt,
            source: source,
            sourceSize: Samples.sourceSize,
            presets: parsed,
            renditions: renditions,
            impression: seen
        )
    }

    private static func size(_ width: Int) -> PictureSize { PictureSize(width: width, height: width * 3 / 4) }

    /// As it goes into a page, in the order of the widths.
    @Test func itIsReadyToPaste() throws {
        let version = try Self.version([
            ("large:w=1280,formats=avif+webp+jpeg", Self.size(1280)), ("small:w=320", Self.size(320)),
        ])
        let base = "https://img.example"
        let path = "\(base)/a/\(version.ref.asset)/v1"
        let sets = SourceSet.texts(of: version, baseURL: base)
        #expect(
            sets == [
                "image/webp": "\(path)/small.webp 320w, \(path)/large.webp 1280w",
                "image/jpeg": "\(path)/small.jpg 320w, \(path)/large.jpg 1280w",
                "image/avif": "\(path)/large.avif 1280w",
            ]
        )
        for text in (sets ?? [:]).values {
            for candidate in text.split(separator: ", ") {
                let url = candidate.split(separator: " ")[0].dropFirst(base.count)
                #expect(DeliveryPath(url) != nil, "\(candidate)")
            }
        }
    }

    @Test func whatShowsSomethingElseIsNotInIt() throws {
        let version = try Self.version([
            ("whole:w=320", Self.size(320)), ("cut:w=100,h=100,fit=cover", PictureSize(width: 100, height: 100)),
            ("crop:w=90,h=100,fit=crop", PictureSize(width: 90, height: 100)),
            ("padded:w=80,h=80,fit=pad", PictureSize(width: 80, height: 80)),
            ("enlarged:w=5000,fit=contain", Self.size(5000)),
        ])
        let text = try #require(SourceSet.texts(of: version, baseURL: "")?["image/webp"])
        #expect(text.split(separator: ", ").map { $0.split(separator: " ")[1] } == ["320w", "5000w"])
        let cuts = try Self.version([("cut:w=100,h=100,fit=cover", PictureSize(width: 100, height: 100))])
        #expect(SourceSet.texts(of: cuts, baseURL: "") == nil)
        #expect(SourceSet.texts(of: Samples.version(), baseURL: "") == nil)
    }

    /// A small picture has one size in several presets: a width is there once.
    @Test func aWidthIsThereOnce() throws {
        let version = try Self.version([("thumbnail:w=320", Self.size(200)), ("preview:w=1280", Self.size(200))])
        let text = try #require(SourceSet.texts(of: version, baseURL: "")?["image/webp"])
        #expect(text.hasSuffix("200w") && !text.contains(","))
    }

    /// A browser must not choose between a picture that moves and one that does not.
    @Test func whatMovesStandsBesideWhatMoves() throws {
        let presets = [
            ("still:w=320,formats=avif+webp+jpeg", Self.size(320)),
            ("moving:w=640,anim=1,formats=avif+webp+jpeg", Self.size(640)),
            ("larger:w=900,anim=1", Self.size(900)),
        ]
        func widths(_ version: AssetVersion, _ mediaType: String) -> [Substring]? {
            SourceSet.texts(of: version, baseURL: "")?[mediaType]?.split(separator: ", ").map {
                $0.split(separator: " ")[1]
            }
        }
        let moving = try Self.version(presets, mediaType: "image/gif", frames: 3)
        #expect(widths(moving, "image/webp") == ["640w", "900w"])
        #expect(widths(moving, "image/jpeg") == ["320w", "640w", "900w"])
        #expect(widths(moving, "image/avif") == nil)
        // Nobody has counted: a GIF may move.
        let unknown = try Self.version(presets, mediaType: "image/gif", frames: nil)
        #expect(widths(unknown, "image/webp") == ["640w", "900w"])
        for still in [
            try Self.version(presets, mediaType: "image/gif", frames: 1),
            try Self.version(presets, mediaType: "image/jpeg", frames: nil),
        ] {
            #expect(widths(still, "image/webp") == ["320w", "640w", "900w"])
            #expect(widths(still, "image/avif") == ["320w", "640w"])
        }
    }

    /// AVIF of what is to be exact, and of more than it can have.
    @Test func aFormatThatCannotHaveItIsNotOffered() throws {
        let version = try Self.version([
            ("exact:w=320,lossless=1,formats=avif+webp", Self.size(320)),
            ("huge:w=6000,formats=avif+webp", Self.size(6000)), ("plain:w=640,formats=avif+webp", Self.size(640)),
        ])
        let sets = try #require(SourceSet.texts(of: version, baseURL: ""))
        #expect(sets["image/avif"] == "/a/\(version.ref.asset)/v1/plain.avif 640w")
        #expect(sets["image/webp"]?.split(separator: ",").count == 3)
        #expect(sets["image/jpeg"] == nil)
    }
}
