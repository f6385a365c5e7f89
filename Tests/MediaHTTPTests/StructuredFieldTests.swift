import Testing

@testable import MediaHTTP

/// RFC 9651, whose examples these partly are.
@Suite struct StructuredFieldTests {
    @Test func dictionaryHasItsMembers() throws {
        let dictionary = try StructuredField.dictionary([
            #"en="Applepie", da=:w4ZibGV0w6ZydGU=:"#, "a=?0, b, c; foo=bar", "rating=1.5, feelings=(joy sadness;q=1)",
            "when=@1659578233, what=%\"f%c3%bcr\"",
        ])
        #expect(dictionary["en"] == .string("Applepie"))
        #expect(dictionary["da"] == .bytes([UInt8]("Æbletærte".utf8)))
        for key in ["a", "b", "c", "rating", "feelings", "when", "what"] {
            #expect(dictionary[key] == .other, "\(key)")
        }
        #expect(dictionary.count == 9)
    }

    @Test func lastOfEqualKeysCounts() throws {
        #expect(
            try StructuredField.dictionary([#"a="1",b="2""#, #"a="3""#]) == ["a": .string("3"), "b": .string("2")]
        )
    }

    @Test func emptyDictionaryIsOne() throws {
        #expect(try StructuredField.dictionary([""]) == [:])
        #expect(try StructuredField.dictionary(["  "]) == [:])
    }

    @Test(arguments: [
        "a=1", "a=-1", "a=0.5", "a=-0.001", "a=123456789012345", "a=123456789012.123", "a=tok/en:*~", "a=*x", "*a=1",
        "a.b-c_d*=1", "a=()", "a=( )", "a=(1 2)", "a=(\"x\" :YQ==: ?1);p;q=2", "a;b;c=\"d\"", "a=1;  b=2", " a=1 ",
        "a=1\t ,\t b=2", "a=?1", "a=\"\"", "a=::", "a=%\"\"", "a=@-1",
    ])
    func wellFormedIsAccepted(text: String) throws {
        #expect(try StructuredField.dictionary([text]).isEmpty == false)
    }

    @Test(arguments: [
        "A=1", "1a=1", "=1", "a=", "a= 1", "a =1", "a=1,", "a=1,,b=2", ",a=1", "a=1 b=2", "a=1;", "a=1;B", "a=-",
        "a=--1",
        "a=1.", "a=.5", "a=1.2345", "a=1234567890123456", "a=1234567890123.1", "a=1e3", "a=?2", "a=?", "a=\"x",
        "a=\"\\x\"", "a=\"x\\", "a=\"\u{7F}\"", "a=\"ä\"", "a=:YQ", "a=:Y Q:", "a=:Y:", "a=:YQ=:", "a=:Y=Q:",
        "a=:YQ===:",
        "a=:Y-_:", "a=(1", "a=(1,2)", "a=(1)2", "a=((1))", "a=@1.5", "a=@x", "a=%x", "a=%\"%C3\"", "a=%\"%c3\"",
        "a=%\"%c\"", "a=%\"x", "a={}", "a=é", "\ta=1",
    ])
    func malformedIsRefused(text: String) {
        #expect(throws: StructuredField.Malformed.self, "\(text)") { try StructuredField.dictionary([text]) }
    }

    @Test(arguments: [
        ("YQ==", "a"), ("YQ", "a"), ("YR==", "a"), ("YWI=", "ab"), ("YWI", "ab"), ("YWJj", "abc"), ("", ""),
        ("+/+/", "\u{FB}\u{FF}\u{BF}"),
    ])
    func base64MayLackItsPadding(text: String, decoded: String) throws {
        let bytes = decoded.unicodeScalars.map { UInt8($0.value) }
        #expect(try StructuredField.dictionary(["a=:\(text):"]) == ["a": .bytes(bytes)])
    }

    @Test func stringsAreUnescaped() throws {
        #expect(try StructuredField.string(#""a \"b\" \\ c""#) == #"a "b" \ c"#)
        #expect(try StructuredField.string(#"  "x"  "#) == "x")
        for text in [#""a" b"#, #""a";p"#, #"a"#, "1", "", #""a"#, ":YQ==:"] {
            #expect(throws: StructuredField.Malformed.self, "\(text)") { try StructuredField.string(text) }
        }
    }

    /// Each byte is looked at a few times, whatever the text is like.
    @Test(.timeLimit(.minutes(5))) func longFieldsTakeNoLongTime() {
        for piece in ["a,", "a=(", "a=(1 ", ";", "\"", "\\", "a=:", "a=%\"%c3"] {
            let text = String(repeating: piece, count: 200_000 / piece.utf8.count)
            #expect(throws: StructuredField.Malformed.self) { try StructuredField.dictionary([text]) }
        }
    }
}
