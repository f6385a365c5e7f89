import HTTPTypes
import Hummingbird
import MediaOrigin
import NIOCore
import Testing
import Tracing

@testable import MediaHTTP
@testable import MediaTracing

/// How the span of a request ends that was on its way out.
@Suite struct RequestTracingTests {
    private struct Writer: ResponseBodyWriter {
        mutating func write(_ buffer: ByteBuffer) async throws {}
        consuming func finish(_ trailers: HTTPFields?) async throws {}
    }

    private let queue = SpanQueue(capacity: 10)

    private func span() -> TracedSpan {
        OriginTracer(sampler: Sampler(ratio: 1, followsParents: true), queue: self.queue)
            .startSpan("GET /a", context: .topLevel, ofKind: .server)
    }

    private func body(failingWith error: any Error) -> ResponseBody {
        ResponseBody(ResponseBody { _ in throw error }, endOf: self.span())
    }

    @Test func aReaderWhoLeavesIsNoFailureOfOurs() async throws {
        for error: any Error in [ChannelError.ioOnClosedChannel, CancellationError()] {
            await #expect(throws: (any Error).self) { try await self.body(failingWith: error).write(Writer()) }
            let span = try #require(self.queue.take(1).spans.first)
            #expect(span.status == nil && span.events.isEmpty)
            #expect(span.attributes.get("error.type") == .string("client-closed-request"))
        }
    }

    @Test func whatCannotBeReadIs() async throws {
        let body = self.body(failingWith: OriginError(.unknownRendition))
        await #expect(throws: OriginError.self) { try await body.write(Writer()) }
        let span = try #require(self.queue.take(1).spans.first)
        #expect(span.status?.code == .error && span.events.map(\.name) == ["exception"])
    }

    /// Where the head could not be written nobody asks for the body.
    @Test func aBodyThatNobodyAskedForEndsItsSpan() throws {
        do { _ = self.body(failingWith: CancellationError()) }
        let span = try #require(self.queue.take(1).spans.first)
        #expect(span.name == "GET /a" && span.status == nil)
    }
}
