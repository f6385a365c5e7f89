import Testing

@testable import MediaHTTP

@Suite struct ByteRangeTests {
    static let huge = String(repeating: "9", count: 60)

    @Test(arguments: [
        ("bytes=0-0", 0..<1), ("bytes=0-99", 0..<100), ("bytes=0-", 0..<100), ("bytes=99-", 99..<100),
        ("bytes=5-9", 5..<10), ("bytes=5-1000", 5..<100), ("bytes=5-\(huge)", 5..<100), ("bytes=-1", 99..<100),
        ("bytes=-100", 0..<100), ("bytes=-101", 0..<100), ("bytes=-\(huge)", 0..<100), ("BYTES=0-0", 0..<1),
        ("Bytes=000-0001", 0..<2), ("bytes=,0-0", 0..<1), ("bytes=0-0,", 0..<1), ("bytes=, ,0-0 ,\t,", 0..<1),
        ("bytes=0-0 ", 0..<1), ("bytes=0-9223372036854775807", 0..<100), ("bytes=0-9223372036854775808", 0..<100),
    ])
    func oneRangeIsServed(field: String, range: Range<Int>) {
        #expect(ByteRange.evaluate(field, total: 100) == .part(range))
    }

    @Test(arguments: [
        "bytes=100-", "bytes=100-100", "bytes=\(huge)-", "bytes=\(huge)-\(huge)", "bytes=-0", "bytes=-000",
        "bytes=9223372036854775807-", "bytes=9223372036854775808-9223372036854775809",
    ])
    func whatLiesBeyondTheEndIsUnsatisfiable(field: String) {
        #expect(ByteRange.evaluate(field, total: 100) == .unsatisfiable)
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "bytes= 0-1", "bytes =0-1", "bytes=0 -1", "bytes=0- 1", "bytes=a-b",
        "bytes=1",
        "bytes=5-4", "bytes=\(huge)9-\(huge)", "bytes=--1", "bytes=1-2-3", "bytes=+1-2", "bytes=0x1-2", "items=0-1",
        "0-1", "bytes:0-1", "bytes=0-1;", "bytes=,", "bytes=0-1/2", "bytes=\u{663}-\u{664}", "=0-1",
        "bytes=0-1,junk", "bytes=junk,0-1",
    ])
    func whatDoesNotFollowTheGrammarIsIgnored(field: String) {
        #expect(ByteRange.evaluate(field, total: 100) == .whole)
    }

    @Test(arguments: ["bytes=0-0,2-2", "bytes=0-,0-,0-", "bytes=0-1, bytes=2-3", "bytes=-1,-1", "bytes=200-,0-0"])
    func severalRangesAreIgnored(field: String) {
        #expect(ByteRange.evaluate(field, total: 100) == .whole)
    }

    @Test func noFieldIsTheWhole() { #expect(ByteRange.evaluate(nil, total: 100) == .whole) }

    @Test func nothingOfAnEmptyObjectCanBeNamed() {
        #expect(ByteRange.evaluate("bytes=0-", total: 0) == .unsatisfiable)
        #expect(ByteRange.evaluate("bytes=0-0", total: 0) == .unsatisfiable)
        #expect(ByteRange.evaluate("bytes=-1", total: 0) == .whole)
        #expect(ByteRange.evaluate("bytes=-0", total: 0) == .unsatisfiable)
    }

    @Test func everyPairOfPositionsIsWithinTheTotal() {
        for first in 0..<12 {
            for last in 0..<12 {
                let expected: ByteRange =
                    last < first ? .whole : first >= 10 ? .unsatisfiable : .part(first..<min(last, 9) + 1)
                #expect(ByteRange.evaluate("bytes=\(first)-\(last)", total: 10) == expected)
            }
        }
    }
}
