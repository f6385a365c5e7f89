import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import MediaHTTP

@Suite struct ExpectContinueHandlerTests {
    static func channel() -> EmbeddedChannel { EmbeddedChannel(handler: ExpectContinueHandler()) }

    /// Whoever answers asks for the body.
    static func want(_ channel: EmbeddedChannel) throws {
        try channel.triggerUserOutboundEvent(ExpectContinueHandler.BodyWanted()).wait()
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

    @Test func continueIsSaidOnceWhenTheBodyIsWanted() throws {
        let channel = Self.channel()
        try channel.writeInbound(Self.head())
        #expect(try channel.readInbound(as: HTTPRequestPart.self) == Self.head())
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil, "nobody has asked for the body")
        try Self.want(channel)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == Self.interim)
        try Self.want(channel)
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "abc")))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        try Self.want(channel)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil, "once is enough")
    }

    @Test func refusedRequestGetsItsAnswerAlone() throws {
        let channel = Self.channel()
        try channel.writeInbound(Self.head())
        let refusal = HTTPResponsePart.head(HTTPResponse(status: .contentTooLarge))
        try channel.writeOutbound(refusal)
        // Too late: the client would read it as the beginning of the body.
        try Self.want(channel)
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == refusal)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == .end(nil))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }

    @Test(arguments: [
        Self.head(expect: nil), Self.head(expect: "x"), Self.head(expect: "100-continue, x"), Self.head(length: nil),
        Self.head(length: "0"),
    ])
    func requestThatNeedsNoneGetsNone(part: HTTPRequestPart) throws {
        let channel = Self.channel()
        try channel.writeInbound(part)
        try Self.want(channel)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }

    @Test(arguments: [Self.head(expect: "100-Continue"), Self.head(length: nil, chunked: true)])
    func caseAndFramingDoNotMatter(part: HTTPRequestPart) throws {
        let channel = Self.channel()
        try channel.writeInbound(part)
        try Self.want(channel)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == Self.interim)
    }

    /// In the middle of another answer a 100 would be taken for its body.
    @Test func pipelinedRequestWaitsForTheAnswerBeforeIt() throws {
        let channel = Self.channel()
        try channel.writeInbound(Self.head(expect: nil))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        try channel.writeInbound(Self.head())
        // The first one's body is wanted, not the second one's.
        try Self.want(channel)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == .head(HTTPResponse(status: .ok)))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == .end(nil))
        try Self.want(channel)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == Self.interim)
    }

    @Test func clientThatDoesNotWaitGetsNone() throws {
        let channel = Self.channel()
        try channel.writeInbound(Self.head())
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "abc")))
        try Self.want(channel)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }
}
