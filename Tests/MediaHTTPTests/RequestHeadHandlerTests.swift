import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import MediaHTTP

@Suite struct RequestHeadHandlerTests {
    static func head(
        _ uri: String = "/p",
        version: HTTPVersion = .http1_1,
        _ headers: HTTPHeaders = ["Host": "x"]
    ) -> HTTPRequestHead {
        HTTPRequestHead(version: version, method: .GET, uri: uri, headers: headers)
    }

    static func passed(_ head: HTTPRequestHead) throws -> HTTPRequestHead {
        let channel = EmbeddedChannel(handler: RequestHeadHandler())
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        guard case .head(let passed) = try #require(try channel.readInbound(as: HTTPServerRequestPart.self)) else {
            Issue.record("no head")
            return head
        }
        return passed
    }

    @Test func requestsOfTodayAreUntouched() throws {
        let head = Self.head(version: .http1_1, ["Host": "x", "Expect": "100-continue", "Connection": "keep-alive"])
        #expect(try Self.passed(head) == head)
    }

    @Test func oldRequestsEndTheConnectionAndExpectNothing() throws {
        let headers: HTTPHeaders = ["Expect": "100-continue", "Connection": "keep-alive"]
        let head = try Self.passed(Self.head(version: .http1_0, headers))
        #expect(head.headers["Connection"] == ["close"])
        #expect(head.headers["Host"] == [""])
        #expect(!head.headers.contains(name: "Expect"))
        #expect(try Self.passed(Self.head(version: .http1_0)).headers["Host"] == ["x"])
    }

    @Test func oldRequestsWithTransferEncodingAreFaulty() throws {
        let channel = EmbeddedChannel(handler: RequestHeadHandler())
        let head = Self.head(version: .http1_0, ["Transfer-Encoding": "chunked"])
        #expect(throws: HTTPParserError.self) { try channel.writeInbound(HTTPServerRequestPart.head(head)) }
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "x")))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        #expect(try channel.readInbound(as: HTTPServerRequestPart.self) == nil)
    }

    @Test(arguments: [
        ("http://y/p?q", "/p?q", "y"), ("HTTPS://y:80/p", "/p", "y:80"), ("http://y", "/", "y"),
        ("http://y?q", "/?q", "y"),
        ("ftp://y/p", "ftp://y/p", "x"), ("/http://y", "/http://y", "x"), ("*", "*", "x"), ("http://u@y/", "/", "u@y"),
    ])
    func absoluteTargetReplacesHost(uri: String, path: String, host: String) throws {
        let head = try Self.passed(Self.head(uri))
        #expect(head.uri == path)
        #expect(head.headers["Host"] == [host])
    }

    @Test func faultyHostsStayToBeSeen() throws {
        #expect(try Self.passed(Self.head("http://y/p", [:])).headers["Host"].isEmpty)
        let twice = HTTPHeaders([("Host", "a"), ("Host", "b")])
        #expect(try Self.passed(Self.head("http://y/p", twice)).headers["Host"] == ["a", "b"])
    }

    @Test func lingeringCloseHandlerPutsItBehindTheDecoder() throws {
        let channel = EmbeddedChannel()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
        try pipeline.addHandler(LingeringCloseHandler(linger: .seconds(1)))
        _ = try pipeline.handler(type: RequestHeadHandler.self)
    }
}
