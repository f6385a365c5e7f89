import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

/// The one grammar of keys' names: of ring files, rows, headers, the mirror and command lines.
@Suite struct KeyIDTests {
    @Test(arguments: ["k", "k7f3a09c2", "ek-01jd3m8m9x0000000000000000", "a.b_c-9", String(repeating: "x", count: 64)])
    func anEnvelopeKeysName(text: String) {
        #expect(EnvelopeKeyID(text)?.description == text)
        #expect(EnvelopeKeyID(text[...])?.description == text)
    }

    @Test(arguments: [
        "", "K", "a b", "a/b", "a:b", "a\n", "ä", "e\u{301}", "a\0", "arn:aws:kms:x", String(repeating: "x", count: 65),
    ])
    func noEnvelopeKeysName(text: String) { #expect(EnvelopeKeyID(text) == nil) }

    @Test(arguments: ["k1", "arn:aws:kms:eu-1:1:key/X", "!", "~", String(repeating: "x", count: 2048)])
    func aRootKeysName(text: String) { #expect(RootKeyID(text)?.description == text) }

    @Test(arguments: ["", " ", "a b", "a\n", "a\u{7F}", "ä", String(repeating: "x", count: 2049)])
    func noRootKeysName(text: String) { #expect(RootKeyID(text) == nil) }

    @Test func whatIsMadeIsAName() {
        let id = EnvelopeKeyID.make(at: Date(timeIntervalSince1970: 1_700_000_000))
        #expect(EnvelopeKeyID(id.description) == id)
        #expect(RootKeyID(line: "k1") == "k1")
    }

    @Test func aKeyOfAKMSIsTold() {
        #expect(RootKeyID("arn:aws:kms:eu-1:1:key/X").isARN)
        #expect(!RootKeyID("arn-1").isARN)
    }
}
