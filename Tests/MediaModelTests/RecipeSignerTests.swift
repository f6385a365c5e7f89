import MediaModel
import Testing

@Suite struct RecipeSignerTests {
    /// Not a MAC: the message's length, its first and last bytes, and the key, told apart by the tests.
    struct Fake: MessageSigning {
        let seed: UInt8

        func mac(of message: [UInt8]) throws -> [UInt8] {
            (0..<32).map { index in message.reduce(self.seed &+ UInt8(index)) { $0 &* 31 &+ $1 } }
        }
    }

    private static let path = DeliveryPath("/a/01jd3m8m9x0000000000000000/v1/w=640,q=75.webp")

    private static func signer(_ keys: (String, UInt8)...) -> RecipeSigner {
        RecipeSigner(keys: keys.map { .init(id: $0.0, signing: Fake(seed: $0.1)) }) { $0 == $1 }
    }

    private static func query(_ url: String) -> Substring? { url.split(separator: "?").last }

    @Test func aSignatureIsKnownAgain() throws {
        let path = try #require(Self.path)
        let signer = Self.signer(("k1", 1))
        let url = try signer.signed(path)
        #expect(url.hasPrefix("\(path)?sig=k1."))
        #expect(url.wholeMatch(of: /.*\?sig=k1\.[A-Za-z0-9_-]{43}/) != nil)
        #expect(try signer.accepts(path, query: Self.query(url)))
    }

    @Test func itIsForOnePathAlone() throws {
        let path = try #require(Self.path)
        let signer = Self.signer(("k1", 1))
        let query = Self.query(try signer.signed(path))
        for other in ["v2/w=640,q=75.webp", "v1/w=641,q=75.webp", "v1/w=640,q=75.jpg", "v1/w=640.webp"] {
            let path = try #require(DeliveryPath("/a/01jd3m8m9x0000000000000000/\(other)"))
            #expect(!(try signer.accepts(path, query: query)))
        }
    }

    @Test func theFirstKeySignsAndBothAreKnown() throws {
        let path = try #require(Self.path)
        let old = try Self.signer(("k1", 1)).signed(path)
        let both = Self.signer(("k2", 2), ("k1", 1))
        #expect(try both.signed(path).contains("?sig=k2."))
        #expect(try both.accepts(path, query: Self.query(old)))
        #expect(try both.accepts(path, query: Self.query(both.signed(path))))
        #expect(!(try Self.signer(("k2", 2)).accepts(path, query: Self.query(old))))
        // The name of a key is no key.
        #expect(!(try Self.signer(("k1", 2)).accepts(path, query: Self.query(old))))
    }

    @Test func eachKeyHasAURLForThePath() throws {
        let path = try #require(Self.path)
        let both = Self.signer(("k2", 2), ("k1", 1))
        let urls = try both.signedByEach(path)
        #expect(urls == [try Self.signer(("k2", 2)).signed(path), try Self.signer(("k1", 1)).signed(path)])
        for url in urls { #expect(try both.accepts(path, query: Self.query(url))) }
    }

    @Test func anyOtherQueryIsNoSignature() throws {
        let path = try #require(Self.path)
        let signer = Self.signer(("k1", 1))
        let good = try #require(Self.query(try signer.signed(path)))
        let bad: [Substring?] = [
            nil, "", "sig=", "sig=k1", "sig=k1.", "sig=.", good.dropLast(), good.dropFirst(), "\(good)=", "\(good)&x=1",
            "x=1&\(good)", "\(good)#", Substring(good.uppercased()), "sig=k3.\(good.dropFirst(7))", "\(good)A",
        ]
        for query in bad { #expect(!(try signer.accepts(path, query: query)), "\(query ?? "none")") }
        #expect(try signer.accepts(path, query: good))
    }
}
