import MediaModel
import Testing

@Suite struct DeliveryPathTests {
    static let id = "01jd3m8m9x0000000000000000"

    @Test(arguments: [
        "/a/\(id)/v1/thumbnail.webp", "/a/\(id)/latest/preview.webp", "/a/\(id)/v999999999/a-b_c9.webp",
    ])
    func canonicalPathsComeBackAsTheyWere(path: String) throws {
        #expect(try #require(DeliveryPath(path)).description == path)
    }

    @Test(arguments: [
        "", "/", "/a", "/a/\(id)/v1/thumbnail", "/a/\(id)/v1/thumbnail.webp/", "/a//\(id)/v1/thumbnail.webp",
        "//a/\(id)/v1/thumbnail.webp", "a/\(id)/v1/thumbnail.webp", "/a/\(id)/v1/thumbnail.webp?x=1",
        "/a/\(id)/v1/thumbnail.webp?", "/a/\(id)/v1/thumbnail.WEBP", "/a/\(id)/v1/Thumbnail.webp",
        "/a/\(id)/v01/thumbnail.webp", "/a/\(id)/v0/thumbnail.webp", "/a/\(id)/V1/thumbnail.webp",
        "/a/\(id)/1/thumbnail.webp", "/a/\(id)/v1/../v2/thumbnail.webp", "/a/\(id)/v1/%74humbnail.webp",
        "/a/\(id)/v1/thumbnail.jpg", "/a/\(id)/v1/thumb.nail.webp", "/a/\(id)/v1/.webp", "/a/\(id)/v1/original.webp",
        "/a/\(id.uppercased())/v1/thumbnail.webp", "/a/\(id)/v1/thumbnail.webp;x", "/a/\(id)/v1/thumbnail.webp#x",
        "/A/\(id)/v1/thumbnail.webp", "/a/\(id)/latest", "/a/\(id)/Latest/thumbnail.webp",
    ])
    func anyOtherSpellingIsRefused(path: String) {
        #expect(DeliveryPath(path) == nil)
    }
}
