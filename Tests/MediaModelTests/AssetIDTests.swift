import FoundationEssentials
import MediaModel
import Testing

@Suite struct AssetIDTests {
    @Test func textAndBytesAreTheSameValue() throws {
        for _ in 0..<1000 {
            let id = AssetID.make()
            #expect(AssetID(bytes: id.bytes) == id)
            #expect(AssetID(id.description) == id)
        }
    }

    @Test func knownULIDHasItsBytes() throws {
        // The example of the ULID specification: 01ARYZ6S41 is 1469918176385 ms.
        let id = try #require(AssetID("01aryz6s410000000000000000"))
        #expect(id.bytes.prefix(6).reduce(0) { $0 << 8 | Int($1) } == 1_469_918_176_385)
    }

    @Test func idsSortByTime() {
        let ids = (0..<50).map { AssetID.make(at: Date(timeIntervalSince1970: 1_700_000_000 + Double($0))) }
        #expect(ids.sorted() == ids)
        #expect(ids.map(\.bytes) == ids.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test(arguments: [
        "", "01jd3m8m9x000000000000000", "01jd3m8m9x00000000000000000", "01JD3M8M9X0000000000000000",
        "81jd3m8m9x0000000000000000", "01jd3m8m9x000000000000000u", "01jd3m8m9x000000000000000/",
        "01jd3m8m9x000000000000000é", "../../../../../etc/passwd00",
    ])
    func otherSpellingsAreRefused(text: String) {
        #expect(AssetID(text) == nil)
    }

    @Test(arguments: [("1", 1), ("999999999", 999_999_999), ("10", 10)])
    func versionNumbersParse(text: String, value: Int) {
        #expect(VersionNumber(text: text)?.value == value)
    }

    @Test(arguments: ["", "0", "01", "+1", "-1", "1000000000", "1.0", " 1", "١"])
    func otherVersionNumbersAreRefused(text: String) {
        #expect(VersionNumber(text: text) == nil)
    }

    @Test func hexTakesOneSpelling() {
        #expect(Hex.decode("00ff") == [0, 255])
        #expect(Hex.encode([0, 255, 16]) == "00ff10")
        for text in ["0", "0G", "FF", " 0"] { #expect(Hex.decode(text) == nil) }
        #expect(BlobID(BlobID.make().description) != nil)
        #expect(SHA256Digest(hex: String(repeating: "a", count: 63)) == nil)
    }
}
