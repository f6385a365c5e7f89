import HTTPTypes
import Testing

@testable import MediaHTTP

@Suite struct RequestGuardTests {
    static func verdict(
        _ fields: [(String, String)] = [],
        method: HTTPRequest.Method = .post,
        host: String? = "media.example:8080",
        path: String? = "/v1/assets"
    ) throws -> RequestGuard.Verdict {
        var request = HTTPRequest(method: method, scheme: "http", authority: host, path: path)
        for (name, value) in fields {
            request.headerFields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        return RequestGuard.inspect(request)
    }

    @Test(arguments: [
        [("Content-Length", "3")], [("Content-Length", "003")], [("Transfer-Encoding", "chunked")],
        [("transfer-encoding", "ChUnKeD")], [("Expect", "100-continue"), ("Content-Length", "1")],
        [("Expect", "100-Continue")], [("Content-Encoding", "identity")], [("Content-Type", "image/png")],
        [("Connection", "upgrade"), ("Upgrade", "h2c")], [("Accept", "a"), ("Accept", "b")], [],
    ])
    func wellFormedIsAccepted(fields: [(String, String)]) throws {
        #expect(try Self.verdict(fields) == .accept)
    }

    @Test(arguments: [
        ([("Content-Length", "3"), ("Content-Length", "3")], RequestGuard.Fault.lengthInvalid),
        ([("Content-Length", "3, 3")], .lengthInvalid), ([("Content-Length", "+3")], .lengthInvalid),
        ([("Content-Length", "")], .lengthInvalid), ([("Content-Length", "-1")], .lengthInvalid),
        ([("Content-Length", "0x3")], .lengthInvalid),
        ([("Transfer-Encoding", "chunked"), ("Content-Length", "3")], .lengthWithTransferCoding),
        ([("Transfer-Encoding", ""), ("Content-Length", "3")], .lengthWithTransferCoding),
        ([("Transfer-Encoding", "")], .transferCodingEmpty), ([("Host", "media.example")], .hostRepeated),
        ([("Content-Type", "image/png"), ("Content-Type", "image/png")], .fieldRepeated),
        ([("Authorization", "Bearer a"), ("authorization", "Bearer b")], .fieldRepeated),
    ])
    func faultyFieldsAreMalformed(fields: [(String, String)], fault: RequestGuard.Fault) throws {
        #expect(try Self.verdict(fields) == .malformed(fault))
    }

    @Test(arguments: [
        [("Transfer-Encoding", "gzip, chunked")], [("Transfer-Encoding", "gzip"), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "identity")], [("Transfer-Encoding", "chunked, chunked")],
        [("Transfer-Encoding", "xchunked")], [("Transfer-Encoding", "\"chunked\"")],
    ])
    func anotherTransferCodingIsNotImplemented(fields: [(String, String)]) throws {
        #expect(try Self.verdict(fields) == .unsupportedTransferCoding)
    }

    @Test(arguments: [nil, "a,b", "u@x", "x/y", "x y", "x\\y", "x?y", "x#y", "<x>"])
    func hostThatIsNoneIsMalformed(host: String?) throws {
        #expect(try Self.verdict(host: host) == .malformed(host == nil ? .hostMissing : .hostInvalid))
    }

    @Test(arguments: ["", "x", "x:80", "[::1]:80", "a_b.example", "127.0.0.1", "xn--bcher-kva.example"])
    func hostIsAccepted(host: String) throws { #expect(try Self.verdict(host: host) == .accept) }

    @Test func targetIsInOriginForm() throws {
        #expect(try Self.verdict(method: .get, path: "*") == .malformed(.targetInvalid))
        #expect(try Self.verdict(method: .options, path: "*") == .accept)
        #expect(try Self.verdict(method: .get, path: "/p#f") == .malformed(.targetInvalid))
        #expect(try Self.verdict(method: .get, path: "http://x/p") == .malformed(.targetInvalid))
        #expect(try Self.verdict(method: .get, path: "") == .malformed(.targetInvalid))
        #expect(try Self.verdict(method: .get, path: nil) == .malformed(.targetInvalid))
        #expect(try Self.verdict(method: .get, path: "//x/p?q=1") == .accept)
    }

    @Test func targetHasALimit() throws {
        let longest = "/" + String(repeating: "a", count: RequestGuard.targetBytesMax - 1)
        #expect(try Self.verdict(path: longest) == .accept)
        #expect(try Self.verdict(path: longest + "a") == .targetTooLong)
    }

    @Test func connectAndTraceAreRefused() throws {
        #expect(try Self.verdict(method: .connect, path: "80") == .methodRefused)
        #expect(try Self.verdict(method: .trace) == .methodRefused)
    }

    @Test(arguments: [HTTPRequest.Method.get, .head])
    func readsCarryNoContent(method: HTTPRequest.Method) throws {
        #expect(try Self.verdict([("Content-Length", "1")], method: method) == .malformed(.contentUnexpected))
        let chunked = [("Transfer-Encoding", "chunked")]
        #expect(try Self.verdict(chunked, method: method) == .malformed(.contentUnexpected))
        #expect(try Self.verdict([("Content-Length", "0")], method: method) == .accept)
    }

    @Test(arguments: ["gzip", "br", "aes128gcm", "identity, gzip", "x"])
    func encodedContentIsUnsupported(coding: String) throws {
        #expect(try Self.verdict([("Content-Encoding", coding)]) == .unsupportedContentCoding)
        #expect(
            try Self.verdict([("Content-Encoding", "identity"), ("Content-Encoding", coding)])
                == .unsupportedContentCoding
        )
    }

    @Test(arguments: ["x", "100-continue, x", "100-continue;a=b", "200-ok", "100"])
    func anotherExpectationFails(expectation: String) throws {
        #expect(try Self.verdict([("Expect", expectation)]) == .expectationFailed)
    }

    @Test func framingIsJudgedFirst() throws {
        let fields = [("Expect", "x"), ("Content-Encoding", "gzip"), ("Content-Length", "1"), ("Content-Length", "2")]
        #expect(try Self.verdict(fields, method: .trace, host: nil) == .malformed(.lengthInvalid))
    }
}
