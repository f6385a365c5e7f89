import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Counts requests where they come in and their answers leave, whoever answers: the responder, a handler between here
/// and there, or Hummingbird itself, to what it could not read.
///
/// An answer has ended when its last byte is with the kernel (in HTTP/2: with the connection), not when it was handed
/// over: what a slow client takes its time to read is part of the answer's. What ends midway is told apart.
///
/// Place it first among Hummingbird's `additionalChannelHandlers`, next to the codec.
final class ExchangeMeterHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let meters: HTTPMeters
    /// Requests whose answers have not come to their last part; the first is being answered.
    private var exchanges = CircularBuffer<Exchange>(initialCapacity: 2)
    private var isInactive = false

    init(_ meters: HTTPMeters) { self.meters = meters }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.exchanges.append(self.meters.begin(head))
        // What comes after the answer is discarded by whoever is behind.
        case .body(let bytes):
            if !self.exchanges.isEmpty { self.exchanges.last?.requestBytes += bytes.readableBytes }
        case .end: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !self.isInactive else { return context.write(data, promise: promise) }
        switch self.unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational { self.begin(head) }
            context.write(data, promise: promise)
        case .body(let bytes):
            self.exchanges.first?.responseBytes += bytes.readableBytes
            context.write(data, promise: promise)
        case .end: self.end(data, promise, context)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let note = event as? AnswerNote else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        self.exchanges.first?.note.add(note)
        promise?.succeed()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.abandon()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.abandon() }

    private func begin(_ head: HTTPResponse) {
        // The answer to what was no request.
        if self.exchanges.isEmpty { self.exchanges.append(self.meters.begin(nil)) }
        self.exchanges.first?.status = head.status.code
    }

    private func end(_ data: NIOAny, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        guard let exchange = self.exchanges.popFirst() else { return context.write(data, promise: promise) }
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success: self.meters.end(exchange, .whole)
            case .failure: self.meters.end(exchange, .cut)
            }
        }
        context.write(data, promise: written)
    }

    private func abandon() {
        self.isInactive = true
        while let exchange = self.exchanges.popFirst() {
            self.meters.end(exchange, exchange.status == nil ? .unanswered : .cut)
        }
    }
}

extension CircularBuffer {
    /// The first element, to be changed in place; nothing happens where there is none.
    fileprivate var first: Element? {
        get { self.isEmpty ? nil : self[self.startIndex] }
        set { if let newValue, !self.isEmpty { self[self.startIndex] = newValue } }
    }

    fileprivate var last: Element? {
        get { self.isEmpty ? nil : self[self.index(before: self.endIndex)] }
        set { if let newValue, !self.isEmpty { self[self.index(before: self.endIndex)] = newValue } }
    }
}
