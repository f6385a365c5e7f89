import Testing

@testable import MediaTracing

@Suite struct TraceParentTests {
    static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    static let span = "00f067aa0ba902b7"

    @Test func whatTheSpecificationHasForAnExampleIsRead() throws {
        let parent = try #require(TraceParent("00-\(Self.trace)-\(Self.span)-01"))
        #expect("\(parent.traceID)" == Self.trace)
        #expect("\(parent.spanID)" == Self.span)
        #expect(parent.isSampled)
        #expect(parent.text == "00-\(Self.trace)-\(Self.span)-01")
    }

    @Test(arguments: ["00", "02", "fe"])
    func withoutTheFlagItIsNotRecorded(flags: String) throws {
        #expect(try #require(TraceParent("00-\(Self.trace)-\(Self.span)-\(flags)")).isSampled == false)
    }

    /// Only the flag that this version knows is passed on.
    @Test func flagsOfOthersAreRead() throws {
        let parent = try #require(TraceParent("00-\(Self.trace)-\(Self.span)-ff"))
        #expect(parent.isSampled && parent.text.hasSuffix("-01"))
    }

    @Test(arguments: ["01", "cc", "fe"])
    func aVersionToComeMayHaveMore(version: String) {
        #expect(TraceParent("\(version)-\(Self.trace)-\(Self.span)-01") != nil)
        #expect(TraceParent("\(version)-\(Self.trace)-\(Self.span)-01-what.comes") != nil)
        #expect(TraceParent("\(version)-\(Self.trace)-\(Self.span)-01what.comes") == nil)
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-01-",
        "00-\(trace)-\(span)-01-x", "ff-\(trace)-\(span)-01", "0g-\(trace)-\(span)-01", "00-\(trace)-\(span)-0x",
        "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-\(span)-01", "00-\(trace)-00F067AA0BA902B7-01", "00-\(trace)-\(span)-0A",
        "00_\(trace)_\(span)_01", "00-\(trace)\(span)--01", " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01 ",
        "00-\(trace)x-\(span)-01", "00-\(trace.dropLast())-\(span)-011", "00-ä\(trace.dropFirst(2))-\(span)-01",
    ])
    func whatIsNotByTheSpecificationIsNone(text: String) { #expect(TraceParent(text) == nil) }

    @Test(arguments: [
        ("congo=t61rcWkgMzE", "congo=t61rcWkgMzE"),
        ("rojo=00f067aa0ba902b7,congo=t61", "rojo=00f067aa0ba902b7,congo=t61"),
        ("a=1, \t b=2", "a=1,b=2"), ("a=1,,b=2,", "a=1,b=2"), ("fw529a3039@dt=FfSgg;0", "fw529a3039@dt=FfSgg;0"),
        ("a_-*/0=x y", "a_-*/0=x y"),
        (String(repeating: "k", count: 256) + "=v", String(repeating: "k", count: 256) + "=v"),
    ])
    func aStateIsPassedOn(text: String, passed: String) { #expect(TraceState.checked(text) == passed) }

    /// §3.3.1.5: of more than is passed on the long members are left out first, then the last ones.
    @Test func whatIsTooLongLosesMembers() {
        let members = (0..<10).map { "key\($0)=" + String(repeating: "v", count: 60) }
        #expect(TraceState.checked(members.joined(separator: ",")) == members.prefix(7).joined(separator: ","))
        let long = ["long=" + String(repeating: "v", count: 124)]
        let all = long + members.prefix(3) + long.map { "\($0)".replacing("long", with: "tall") } + members[3..<7]
        #expect(TraceState.checked(all.joined(separator: ",")) == members.prefix(7).joined(separator: ","))
        #expect(TraceState.checked((long + members.prefix(5)).joined(separator: ","))?.hasPrefix("long=") == true)
    }

    @Test(arguments: [
        "", " , ", "a", "=1", "a=", "A=1", "1a=1", "a=1,a=2", "a=b=c", "a b=1", "a=ä", "@a=1", "a@=1", "a@b@c=1",
        "a@1=1=",
        String(repeating: "k", count: 257) + "=v", (0..<33).map { "k\($0)=1" }.joined(separator: ","),
        "a@" + String(repeating: "s", count: 15) + "=1", "a=" + String(repeating: "v", count: 257), "a=\u{7F}",
    ])
    func aStateThatIsMalformedIsNotPassedOn(text: String) { #expect(TraceState.checked(text) == nil) }
}
