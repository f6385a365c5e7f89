import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import MediaHTTP

@Suite struct LingeringCloseHandlerTests {
    /// Stands where the socket would be: an embedded channel knows no half-closure.
    final class Socket: ChannelOutboundHandler {
        typealias OutboundIn = HTTPResponsePart

        var outputCloses = 0
        var reads = 0
        var flushes = true
        var pending: EventLoopPromise<Void>?

        func read(context: ChannelHandlerContext) { self.reads += 1 }

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            guard mode == .output else { return context.close(mode: mode, promise: promise) }
            self.outputCloses += 1
            if self.flushes { promise?.succeed() } else { self.pending = promise }
        }
    }

    let channel = EmbeddedChannel()
    let socket = Socket()

    init() throws {
        let handler = LingeringCloseHandler(linger: .seconds(2), discardBytesMax: 100)
        try self.channel.pipeline.syncOperations.addHandlers([self.socket, handler])
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// Also tells how many parts came through to the application.
    @discardableResult
    func receive(_ parts: HTTPRequestPart...) throws -> Int {
        for part in parts { try self.channel.writeInbound(part) }
        var passed = 0
        while try self.channel.readInbound(as: HTTPRequestPart.self) != nil { passed += 1 }
        return passed
    }

    /// Sends an answer; returns its `Connection` as it leaves.
    @discardableResult
    func answer(_ status: HTTPResponse.Status = .ok) throws -> String? {
        let parts: [HTTPResponsePart] = [
            .head(HTTPResponse(status: status)), .body(ByteBuffer(string: "x")), .end(nil),
        ]
        for part in parts { try self.channel.writeOutbound(part) }
        guard case .head(let head) = try #require(try self.channel.readOutbound(as: HTTPResponsePart.self)) else {
            Issue.record("no head")
            return nil
        }
        #expect(try self.channel.readOutbound(as: HTTPResponsePart.self) != nil)
        #expect(try self.channel.readOutbound(as: HTTPResponsePart.self) == .end(nil))
        return head.headerFields[.connection]
    }

    static func head(_ method: HTTPRequest.Method = .post, connection: String? = nil) -> HTTPRequestPart {
        var request = HTTPRequest(method: method, scheme: "http", authority: "x", path: "/")
        request.headerFields[.connection] = connection
        return .head(request)
    }

    static func body(_ count: Int) -> HTTPRequestPart { .body(ByteBuffer(repeating: 0x78, count: count)) }

    @Test func earlyAnswerEndsTheConnectionAfterItsTime() throws {
        #expect(try self.receive(Self.head(), Self.body(10)) == 2)
        #expect(try self.answer(.contentTooLarge) == "close")
        #expect(self.socket.outputCloses == 1)
        #expect(self.socket.reads >= 1, "what still arrives is read, even if nobody asks for it")
        let reads = self.socket.reads
        #expect(try self.receive(Self.body(40), Self.body(40)) == 0)
        #expect(self.socket.reads > reads)
        self.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1999))
        #expect(self.channel.isActive)
        self.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!self.channel.isActive)
    }

    @Test func answerToACompleteRequestKeepsTheConnection() throws {
        for _ in 0..<3 {
            #expect(try self.receive(Self.head(), Self.body(1000), .end(nil)) == 3)
            #expect(try self.answer() == nil)
        }
        #expect(self.socket.outputCloses == 0)
        self.channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(self.channel.isActive)
    }

    @Test func theNextRequestDoesNotMakeAnAnswerEarly() throws {
        try self.receive(Self.head(.get), .end(nil), Self.head(.get), .end(nil), Self.head(), Self.body(1))
        #expect(try self.answer() == nil)
        #expect(try self.answer() == nil)
        #expect(try self.answer() == "close", "the third has not been read")
    }

    @Test(arguments: ["close", "Close", "keep-alive, CLOSE", "te ,close", "upgrade", "Upgrade, HTTP2-Settings"])
    func lastRequestEndsTheConnection(connection: String) throws {
        try self.receive(Self.head(connection: connection), .end(nil))
        #expect(try self.answer() == "close")
        #expect(self.socket.outputCloses == 1)
        self.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!self.channel.isActive)
    }

    @Test(arguments: ["keep-alive", "closed", "te", "", "x-close"])
    func otherConnectionOptionsDoNot(connection: String) throws {
        try self.receive(Self.head(connection: connection), .end(nil))
        #expect(try self.answer() == nil)
    }

    @Test func onlyTheLastRequestsAnswerSaysClose() throws {
        try self.receive(Self.head(), .end(nil), Self.head(connection: "close"), .end(nil))
        #expect(try self.answer() == nil)
        #expect(try self.answer() == "close")
    }

    @Test(arguments: [
        (HTTPResponse.Status.badRequest, true), (.notImplemented, true), (.notFound, false), (.contentTooLarge, false),
    ])
    func framingFaultsEndTheConnection(status: HTTPResponse.Status, ends: Bool) throws {
        try self.receive(Self.head(), .end(nil))
        #expect(try self.answer(status) == (ends ? "close" : nil))
    }

    @Test func answerToWhatIsNoRequestEndsTheConnection() throws {
        #expect(try self.answer(.badRequest) == "close")
        #expect(self.socket.outputCloses == 1)
    }

    @Test func interimAnswersAreNoAnswers() throws {
        try self.receive(Self.head())
        try self.channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .continue)))
        let interim = try self.channel.readOutbound(as: HTTPResponsePart.self)
        #expect(interim == .head(HTTPResponse(status: .continue)))
        try self.receive(Self.body(1), .end(nil))
        #expect(try self.answer() == nil)
    }

    @Test func clientThatSendsTooMuchIsCut() throws {
        try self.receive(Self.head())
        try self.answer(.contentTooLarge)
        try self.receive(Self.body(100))
        #expect(self.channel.isActive)
        try self.receive(Self.body(1))
        #expect(!self.channel.isActive)
    }

    @Test func clientThatClosesTooIsNotWaitedFor() throws {
        try self.receive(Self.head())
        try self.answer(.contentTooLarge)
        self.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!self.channel.isActive)
    }

    @Test func clientsHalfClosureAloneEndsNothing() throws {
        try self.receive(Self.head(), .end(nil))
        self.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(self.channel.isActive)
        #expect(try self.answer() == nil)
    }

    @Test func closesOfOthersWaitForTheLinger() throws {
        try self.receive(Self.head())
        try self.answer(.contentTooLarge)
        self.channel.pipeline.close(mode: .output, promise: nil)
        self.channel.pipeline.close(mode: .all, promise: nil)
        #expect(self.channel.isActive)
        #expect(self.socket.outputCloses == 1)
        self.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!self.channel.isActive)
    }

    @Test func answerThatIsNotReadMayStillBeCut() throws {
        self.socket.flushes = false
        try self.receive(Self.head())
        try self.answer(.contentTooLarge)
        self.channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(self.channel.isActive, "the time runs from the moment the answer has left")
        self.channel.pipeline.close(mode: .all, promise: nil)
        #expect(!self.channel.isActive)
        self.socket.pending?.fail(ChannelError.alreadyClosed)
    }

    @Test func outputThatFailsToCloseClosesAll() throws {
        self.socket.flushes = false
        try self.receive(Self.head())
        try self.answer(.contentTooLarge)
        self.socket.pending?.fail(ChannelError.ioOnClosedChannel)
        #expect(!self.channel.isActive)
    }

    @Test func nothingIsSentAfterTheLastAnswer() throws {
        try self.receive(Self.head())
        try self.answer(.contentTooLarge)
        #expect(throws: ChannelError.self) {
            try self.channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        }
        #expect(try self.channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }

    @Test func errorsInWhatIsDiscardedAreDropped() throws {
        try self.receive(Self.head())
        self.channel.pipeline.fireErrorCaught(HTTPParserError.invalidChunkSize)
        #expect(throws: HTTPParserError.self) { try self.channel.throwIfErrorCaught() }
        try self.answer(.badRequest)
        self.channel.pipeline.fireErrorCaught(HTTPParserError.invalidChunkSize)
        try self.channel.throwIfErrorCaught()
        #expect(self.channel.isActive)
    }

    @Test func closedConnectionLeavesNoTimer() throws {
        try self.receive(Self.head())
        try self.answer(.contentTooLarge)
        self.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        self.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(try self.channel.finish(acceptAlreadyClosed: true).isClean)
    }
}
