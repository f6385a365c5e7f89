import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import MediaHTTP

@Suite struct ExpectContinueHandlerTests {
    static func channel(admits: @escaping @Sendable (HTTPRequest) -> Bool = { _ in true }) -> EmbeddedChannel {
        EmbeddedChannel(handler: ExpectContinueHandler(admits: admits))
    }

    static func head(expect: String? = "100-continue", length: String? = "3", chunked: Bool = false) -> HTTPRequestPart
    {
        var request = HTTPRequest(method: .post, scheme: "http", authority: "x", path: "/v1/assets")
        request.headerFields[.expect] = expect
        request.headerFields[.contentLength] = length
        if chunked { request.headerFields[.transferEncoding] = "chunked" }
        return .head(request)
    }

    static let interim = HTTPResponsePart.head(HTTPResponse(status: .continue))

    @Test func admittedRequestIsContinuedAtOnce() throws {
        let channel = Self.channel { $0.path == "/v1/assets" }
        try channel.writeInbound(Self.head())
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == Self.interim)
        #expect(try channel.readInbound(as: HTTPRequestPart.self) == Self.head())
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "abc")))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil, "once is enough")
    }

    @Test func refusedRequestGetsNothing() throws {
        let channel = Self.channel { _ in false }
        try channel.writeInbound(Self.head())
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
        #expect(try channel.readInbound(as: HTTPRequestPart.self) == Self.head())
    }

    @Test(arguments: [
        Self.head(expect: nil), Self.head(expect: "x"), Self.head(expect: "100-continue, x"), Self.head(length: nil),
        Self.head(length: "0"),
    ])
    func requestThatNeedsNoneGetsNone(part: HTTPRequestPart) throws {
        let channel = Self.channel()
        try channel.writeInbound(part)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }

    @Test(arguments: [Self.head(expect: "100-Continue"), Self.head(length: nil, chunked: true)])
    func caseAndFramingDoNotMatter(part: HTTPRequestPart) throws {
        let channel = Self.channel()
        try channel.writeInbound(part)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == Self.interim)
    }

    /// In the middle of another answer a 100 would be taken for its body.
    @Test func pipelinedRequestWaitsForTheAnswerBeforeIt() throws {
        let channel = Self.channel()
        try channel.writeInbound(Self.head(expect: nil))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        try channel.writeInbound(Self.head())
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == .head(HTTPResponse(status: .ok)))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == .end(nil))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == Self.interim)
    }

    @Test func clientThatDoesNotWaitGetsNone() throws {
        let channel = Self.channel()
        try channel.writeInbound(Self.head(expect: nil))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        try channel.writeInbound(Self.head())
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "abc")))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == .end(nil))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }
}
