import FoundationEssentials
import MediaModel
import Testing

@Suite struct DeliveryPathTests {
    static let id = "01jd3m8m9x0000000000000000"

    @Test(arguments: [
        "/a/\(id)/v1/thumbnail.webp", "/a/\(id)/latest/preview.webp", "/a/\(id)/v999999999/a-b_c9.webp",
        "/a/\(id)/v1/thumbnail.jpg", "/a/\(id)/latest/thumbnail.avif", "/a/\(id)/v1/thumbnail",
        "/a/\(id)/latest/thumbnail", "/a/\(id)/v1/w=640,h=480,fit=cover,q=75.webp", "/a/\(id)/v1/h=9.jpg",
        "/a/\(id)/v2/w=1,h=1,fit=pad,effort=6,lossless=1,anim=1,bg=11223344.avif",
    ])
    func canonicalPathsComeBackAsTheyWere(path: String) throws {
        #expect(try #require(DeliveryPath(path)).description == path)
    }

    @Test(arguments: [
        "", "/", "/a", "/a/\(id)/v1/thumbnail/", "/a/\(id)/v1/thumbnail.jpeg", "/a/\(id)/v1/thumbnail.",
        "/a/\(id)/v1/original", "/a/\(id)/v1/original.jpg", "/a/\(id)/v1/thumbnail?", "/a/\(id)/v1/thumbnail.JPG",
        "/a/\(id)/v1/thumbnail.webp/", "/a//\(id)/v1/thumbnail.webp",
        "//a/\(id)/v1/thumbnail.webp", "a/\(id)/v1/thumbnail.webp", "/a/\(id)/v1/thumbnail.webp?x=1",
        "/a/\(id)/v1/thumbnail.webp?", "/a/\(id)/v1/thumbnail.WEBP", "/a/\(id)/v1/Thumbnail.webp",
        "/a/\(id)/v01/thumbnail.webp", "/a/\(id)/v0/thumbnail.webp", "/a/\(id)/V1/thumbnail.webp",
        "/a/\(id)/1/thumbnail.webp", "/a/\(id)/v1/../v2/thumbnail.webp", "/a/\(id)/v1/%74humbnail.webp",
        "/a/\(id)/v1/h=480,w=640.webp", "/a/\(id)/v1/w=640,q=80.webp", "/a/\(id)/v1/w=640,fit=scale-down.webp",
        "/a/\(id)/v1/w=640", "/a/\(id)/v1/w=640,format=webp.webp", "/a/\(id)/v1/w=640,formats=avif+webp+jpeg.avif",
        "/a/\(id)/v1/w=640,formats=webp.webp", "/a/\(id)/latest/w=640.webp", "/a/\(id)/v1/q=75.webp",
        "/a/\(id)/v1/w=0640.webp", "/a/\(id)/v1/w=640,,h=1.webp", "/a/\(id)/v1/w=640,.webp", "/a/\(id)/v1/W=640.webp",
        "/a/\(id)/v1/w%3D640.webp", "/a/\(id)/v1/w=640.jpeg", "/a/\(id)/v1/w=640,anim=0.webp",
        "/a/\(id)/v1/thumbnail.png", "/a/\(id)/v1/thumb.nail.webp", "/a/\(id)/v1/thumbnail.jpg.webp",
        "/a/\(id)/v1/.webp", "/a/\(id)/v1/original.webp",
        "/a/\(id.uppercased())/v1/thumbnail.webp", "/a/\(id)/v1/thumbnail.webp;x", "/a/\(id)/v1/thumbnail.webp#x",
        "/A/\(id)/v1/thumbnail.webp", "/a/\(id)/latest", "/a/\(id)/Latest/thumbnail.webp",
    ])
    func anyOtherSpellingIsRefused(path: String) {
        #expect(DeliveryPath(path) == nil)
    }

    @Test func theEndingSaysTheFormatAndWithoutOneTheClientDoes() throws {
        let formats = try ["thumbnail.webp", "thumbnail.jpg", "thumbnail.avif", "thumbnail"].map { file in
            try #require(DeliveryPath("/a/\(Self.id)/v1/\(file)"))
        }
        #expect(formats.map(\.format) == [.webp, .jpeg, .avif, nil])
        #expect(formats.map(\.isNegotiated) == [false, false, false, true])
        #expect(formats.allSatisfy { $0.preset.description == "thumbnail" })
    }

    @Test func optionsInPlaceOfANameAreARecipeInTheFormatOfTheEnding() throws {
        let path = try #require(DeliveryPath("/a/\(Self.id)/v1/w=640,h=480,fit=cover,q=75.jpg"))
        #expect(path.isSigned && !path.isNegotiated && !path.isAllThatCounts)
        let recipe = try #require(path.oneOff).recipe
        #expect(recipe.width == 640 && recipe.height == 480 && recipe.fit == .cover && recipe.quality == 75)
        #expect(recipe.format == .jpeg && recipe.formats == [.jpeg])
        // A worker is given the name with its job.
        let name = try JSONDecoder().decode(PresetName.self, from: JSONEncoder().encode(path.preset))
        #expect(name == path.preset)
        let named = try #require(DeliveryPath("/a/\(Self.id)/v1/thumbnail.webp"))
        #expect(!named.isSigned && named.oneOff == nil && named.isAllThatCounts)
        #expect(PresetName("w=640") == nil)
    }
}
