import FoundationEssentials
import MediaModel
import Testing

@Suite struct FocalPointTests {
    @Test(arguments: [
        ("0.4,0.25", 4000, 2500), ("0,1", 0, 10_000), ("1.0,0.0", 10_000, 0),
        ("0.33333333333333331,0.66666", 3333, 6667),
        ("0.00004,0.99996", 0, 10_000), ("0.0001,0.9999", 1, 9999),
    ])
    func fractionsAreRead(_ text: String, _ x: Int, _ y: Int) throws {
        let point = try #require(FocalPoint(text))
        #expect(point == FocalPoint(x: x, y: y))
        #expect(FocalPoint(point.description) == point)
    }

    @Test(arguments: [
        "", ",", "0.4", "0.4,", ",0.4", "0.4,0.4,0.4", "1.1,0", "2,0", "-0.1,0", "0.4;0.4", " 0.4,0.4", "0.4, 0.4",
        ".4,.4", "0.,1", "1.00001,0", "0.4e0,0", "40%,25%", "00.4,0.4", "nan,inf", "0.\u{0664},0.4",
        "0.123456789012345678901,0",
    ])
    func anythingElseIsNone(_ text: String) { #expect(FocalPoint(text) == nil) }

    @Test func aPointHasOneSpelling() {
        #expect(FocalPoint(x: 4000, y: 25).description == "0.4,0.0025")
        #expect(FocalPoint(x: 0, y: 10_000).description == "0,1")
        for fraction in 0...FocalPoint.whole {
            let point = FocalPoint(x: fraction, y: FocalPoint.whole - fraction)
            #expect(FocalPoint(point.description) == point)
            // What the catalog's column holds.
            #expect((3...13).contains(point.description.utf8.count))
        }
    }
}

@Suite struct ThumbHashTests {
    /// Two that the format's author has published (https://evanw.github.io/thumbhash/): portrait and landscape.
    @Test(arguments: ["1QcSHQRnh493V4dIh4eXh1h4kJUI", "3OcRJYB4d3h/iIeHeEh3eIhw+j3A"])
    func publishedOnesAreTaken(_ text: String) throws {
        let data = try #require(Data(base64Encoded: text))
        let hash = try #require(ThumbHash(bytes: [UInt8](data)))
        #expect(hash.base64 == text)
        let again = try JSONDecoder().decode(ThumbHash.self, from: JSONEncoder().encode(hash))
        #expect(again == hash)
    }

    /// The header says how many bytes there are; neither more nor fewer are taken, whatever it says.
    @Test func everyHeaderHasOneLength() {
        for shape in UInt8.min ... .max {
            for alpha in [UInt8(0), 0x80] {
                let header: [UInt8] = [0, 0, alpha, shape, 0]
                let lengths = (0..<40).filter { count in
                    ThumbHash(bytes: Array((header + [UInt8](repeating: 0, count: 40)).prefix(count))) != nil
                }
                #expect(lengths.count == 1)
                #expect(lengths.allSatisfy { (17...25).contains($0) })
            }
        }
    }

    /// How many frequencies lie below the diagonal, counted as the format's description does.
    @Test func frequenciesAreThoseOfATriangle() {
        for (across, down) in [(7, 7), (7, 3), (3, 7), (5, 3), (3, 3), (5, 5), (7, 4)] {
            let counted = (0..<down).reduce(-1) { sum, cy in
                sum + (0..<across).filter { $0 * down < across * (down - cy) }.count
            }
            #expect(ThumbHash.count(across, down) == counted)
        }
    }
}
