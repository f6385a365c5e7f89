import HTTPTypes
import Testing

@testable import MediaHTTP

@Suite struct RequestIDTests {
    private static func fields(_ ids: String...) -> HTTPFields {
        HTTPFields(ids.map { HTTPField(name: .xRequestID, value: $0) })
    }

    @Test(arguments: [
        "a", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "01J2Z3K4M5N6P7Q8R9S0T1V2W3", "Zm9vYmFy+/=",
        "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8", String(repeating: "x", count: 128),
    ])
    func aSafeOneIsTaken(text: String) {
        let id = RequestID(Self.fields(text))
        #expect(id.description == text && id.isGiven)
    }

    @Test(arguments: [
        "", " ", "a b", "a\tb", "a\"b", "a'b", "a\\b", "a,b", "{a}", "<a>", "a%0ab", "ä", "$(a)", "a|b",
        String(repeating: "x", count: 129),
    ])
    func anyOtherIsReplaced(text: String) {
        let id = RequestID(Self.fields(text))
        #expect(id.description != text && !id.isGiven)
        #expect(RequestID.isSafe(id.description.utf8))
    }

    @Test func twoAreNone() { #expect(!RequestID(Self.fields("a", "b")).isGiven) }

    @Test func eachThatIsMadeIsAnother() {
        let made = Set((0..<1000).map { _ in RequestID([:]).description })
        #expect(made.count == 1000)
        #expect(made.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
    }
}
