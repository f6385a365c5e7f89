import HTTPTypes
import Testing

@testable import MediaHTTP

@Suite struct ConditionalRequestTests {
    static let etag = "\"abc\""
    static let modified = 784_111_777
    static let same = "Sun, 06 Nov 1994 08:49:37 GMT"
    static let before = "Sun, 06 Nov 1994 08:49:36 GMT"
    static let after = "Sun, 06 Nov 1994 08:49:38 GMT"

    static func request(_ fields: HTTPFields, etag: String = Self.etag, dates: Bool = true) -> ConditionalRequest {
        ConditionalRequest(
            fields: fields,
            etag: etag,
            lastModifiedSeconds: Self.modified,
            datesCount: dates,
            now: 1_795_219_200
        )
    }

    @Test(arguments: [
        "\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"x\",\"abc\"", " ,, \"abc\" ,", "\"x\" , W/\"abc\"",
        "junk, \"abc\"",
        "\"abc\" junk, \"abc\"", "\"a b\", \"abc\"", "\"a, b\",\"abc\"", "w/\"abc\", \"abc\"", "\"\", \"abc\"",
    ])
    func ifNoneMatchThatNamesItIsNotModified(field: String) {
        let request = Self.request([.ifNoneMatch: field])
        #expect(request.evaluate() == .notModified)
        #expect(request.evaluate(isGetOrHead: false) == .preconditionFailed)
    }

    @Test(arguments: [
        "\"abd\"", "abc", "\"abc", "abc\"", "'abc'", "\"ABC\"", "w/\"abc\"", "W/abc", "W/ \"abc\"", "\"x\" \"abc\"", "",
        ",", "*, \"x\"", "\"x\", *", "**", "\"abc\"junk", "\"a,\"abc\",b\"", "\"a \"abc\"", "\"unclosed, \"abc\"",
        "\"*\"", "W/*",
    ])
    func ifNoneMatchThatDoesNotNameItProceeds(field: String) {
        #expect(Self.request([.ifNoneMatch: field]).evaluate() == .proceed)
    }

    @Test func linesOfIfNoneMatchAreOneList() {
        var fields = HTTPFields()
        fields.append(HTTPField(name: .ifNoneMatch, value: "\"x\", \"y\""))
        fields.append(HTTPField(name: .ifNoneMatch, value: "\"abc\""))
        #expect(Self.request(fields).evaluate() == .notModified)
    }

    @Test func commasInsideQuotesBelongToTheTag() {
        let etag = "\"a,b\""
        #expect(Self.request([.ifNoneMatch: "\"x\", \"a,b\""], etag: etag).evaluate() == .notModified)
        #expect(Self.request([.ifNoneMatch: "\"a\", \"b\""], etag: etag).evaluate() == .proceed)
        #expect(Self.request([.ifNoneMatch: "\"a,b\""], etag: "\"a\"").evaluate() == .proceed)
    }

    @Test func obsTextAndEveryVisibleByteMakeATag() {
        for byte in [0x21] + Array(UInt8(0x23)...0x7E) {
            let etag = "\"\(Character(UnicodeScalar(byte)))\""
            #expect(EntityTag(etag)?.opaque.utf8.elementsEqual([byte]) == true)
        }
        #expect(EntityTag("\"é\"")?.opaque == "é")
        for bad in ["\" \"", "\"\t\"", "\"\u{7F}\"", "\"\"\"", "\"\u{0}\""] { #expect(EntityTag(bad) == nil) }
        #expect(EntityTag("\"\"")?.opaque.isEmpty == true)
    }

    @Test(arguments: ["\"abc\"", "*", "\"x\", \"abc\"", "junk, \"abc\""])
    func ifMatchThatNamesItStronglyProceeds(field: String) {
        #expect(Self.request([.ifMatch: field]).evaluate() == .proceed)
    }

    @Test(arguments: ["W/\"abc\"", "\"x\"", "abc", "", "*, \"x\""])
    func ifMatchThatDoesNotFails(field: String) {
        #expect(Self.request([.ifMatch: field]).evaluate() == .preconditionFailed)
        #expect(Self.request([.ifMatch: field]).evaluate(isGetOrHead: false) == .preconditionFailed)
    }

    @Test func aWeakTagOfOursMatchesWeaklyOnly() {
        let weak = "W/\"abc\""
        #expect(Self.request([.ifNoneMatch: "\"abc\""], etag: weak).evaluate() == .notModified)
        #expect(Self.request([.ifMatch: "\"abc\""], etag: weak).evaluate() == .preconditionFailed)
        #expect(Self.request([.ifMatch: "W/\"abc\""], etag: weak).evaluate() == .preconditionFailed)
        #expect(!Self.request([.ifRange: "\"abc\""], etag: weak).ifRangeAllowsRange)
    }

    @Test(arguments: [
        (Self.same, ConditionalRequest.Outcome.notModified), (Self.after, .notModified), (Self.before, .proceed),
        ("Sunday, 06-Nov-94 08:49:37 GMT", .notModified), ("Sun Nov  6 08:49:37 1994", .notModified),
        ("yesterday", .proceed), ("", .proceed), ("0", .proceed), ("\(Self.same), \(Self.same)", .proceed),
    ])
    func ifModifiedSinceIsByTheSecond(field: String, outcome: ConditionalRequest.Outcome) {
        #expect(Self.request([.ifModifiedSince: field]).evaluate() == outcome)
        #expect(Self.request([.ifModifiedSince: field]).evaluate(isGetOrHead: false) == .proceed)
    }

    @Test(arguments: [
        (Self.same, ConditionalRequest.Outcome.proceed), (Self.after, .proceed), (Self.before, .preconditionFailed),
        ("yesterday", .proceed), ("", .proceed),
    ])
    func ifUnmodifiedSinceIsByTheSecond(field: String, outcome: ConditionalRequest.Outcome) {
        #expect(Self.request([.ifUnmodifiedSince: field]).evaluate() == outcome)
        #expect(Self.request([.ifUnmodifiedSince: field]).evaluate(isGetOrHead: false) == outcome)
    }

    /// RFC 9110 §13.2.2, each step against the next.
    @Test func theOrderOfPrecedenceIsKept() {
        let ignoredSince: HTTPFields = [.ifNoneMatch: "\"x\"", .ifModifiedSince: Self.after]
        #expect(Self.request(ignoredSince).evaluate() == .proceed)
        let malformedTag: HTTPFields = [.ifNoneMatch: "abc", .ifModifiedSince: Self.after]
        #expect(Self.request(malformedTag).evaluate() == .proceed)
        let matchWins: HTTPFields = [.ifNoneMatch: Self.etag, .ifModifiedSince: Self.before]
        #expect(Self.request(matchWins).evaluate() == .notModified)
        let ignoredUnmodified: HTTPFields = [.ifMatch: Self.etag, .ifUnmodifiedSince: Self.before]
        #expect(Self.request(ignoredUnmodified).evaluate() == .proceed)
        let failedFirst: HTTPFields = [.ifMatch: "\"x\"", .ifNoneMatch: Self.etag]
        #expect(Self.request(failedFirst).evaluate() == .preconditionFailed)
        let unmodifiedFirst: HTTPFields = [.ifUnmodifiedSince: Self.before, .ifNoneMatch: Self.etag]
        #expect(Self.request(unmodifiedFirst).evaluate() == .preconditionFailed)
        let both: HTTPFields = [.ifMatch: Self.etag, .ifNoneMatch: Self.etag]
        #expect(Self.request(both).evaluate() == .notModified)
        #expect(Self.request([:]).evaluate() == .proceed)
    }

    @Test(arguments: [
        (Self.etag, true, true), (Self.etag, false, true), ("W/\"abc\"", true, false), ("\"x\"", true, false),
        ("*", true, false), ("\"x\", \"abc\"", true, false), ("abc", true, false), ("", true, false),
        (Self.same, true, true), (Self.same, false, false), (Self.after, true, false), (Self.before, true, false),
    ])
    func ifRangeIsAStrongMatch(field: String, datesCount: Bool, allows: Bool) {
        #expect(Self.request([.ifRange: field], dates: datesCount).ifRangeAllowsRange == allows)
    }

    /// What may go back to an older version is not unmodified because its date is old.
    @Test func whereDatesDoNotCountTheyAreAsIfAbsent() {
        for date in [Self.before, Self.same, Self.after] {
            #expect(Self.request([.ifModifiedSince: date], dates: false).evaluate() == .proceed)
            #expect(Self.request([.ifUnmodifiedSince: date], dates: false).evaluate() == .proceed)
        }
        #expect(Self.request([.ifNoneMatch: Self.etag], dates: false).evaluate() == .notModified)
    }

    @Test func withoutIfRangeARangeIsAllowed() { #expect(Self.request([:]).ifRangeAllowsRange) }
}
