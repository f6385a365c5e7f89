import MediaOrigin
import NIOCore
import NIOHTTP1

/// Answers hits where the bytes arrive, before the decoder: a request that is simple (``SimpleHead``) for a rendition
/// in the table is answered on the event loop with one write, also where its sealed bytes are in the kernel's memory
/// only and must be opened first. Everything else goes on to the decoder untouched.
///
/// What keeps the two ways apart:
/// - Bytes go to the decoder one whole request at a time, so it always stands between two requests. At the first that
///   is not simple (a body, `Connection: close`, an upgrade, a fault) this handler steps aside for good.
/// - A hit is answered here only while no earlier request is unanswered; else it goes the long way, behind them.
/// - While the client does not read, nothing more is answered and nothing more is read.
final class HotPathHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let table: HotTable
    private let progress: RequestProgress
    private let writer: HotWriter
    private let tracesHits: Bool
    /// The beginning of a head, or requests that wait until the client reads.
    private var waiting = ByteBuffer()
    /// Whether it is up to this handler to ask the channel for more (`autoRead` is off).
    private var asksForMore = false
    private var isOutOfTheWay = false
    private var isServing = false
    /// Whoever is behind the decoder got something, and waits to be told that this was all for now.
    private var isCompletionOwed = false
    private var isReadOwed = false
    private var isInputClosed = false

    /// - Parameter isEncrypted: TLS is between here and the socket: no regions of files, and no way past it.
    init(_ hotPath: HotPath, progress: RequestProgress, isEncrypted: Bool) {
        self.table = hotPath.table
        self.tracesHits = hotPath.tracesHits
        self.progress = progress
        self.writer = HotWriter(hotPath.meters, progress: progress, isEncrypted: isEncrypted)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard self.writer.findSocket(of: context.channel) else { return }
        let options = context.channel.syncOptions
        self.asksForMore = (try? options?.setOption(.autoRead, value: false)) != nil
        if context.channel.isActive { self.askForMore(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        self.askForMore(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isOutOfTheWay { return context.fireChannelRead(data) }
        if self.progress.isEnding { return }
        var bytes = self.unwrapInboundIn(data)
        if self.waiting.readableBytes == 0 {
            self.waiting = bytes
        } else {
            self.waiting.writeBuffer(&bytes)
        }
        if !self.progress.waitsForRoom { self.serve(context) }
    }

    func read(context: ChannelHandlerContext) {
        if self.progress.waitsForRoom { self.isReadOwed = true } else { context.read() }
    }

    /// Of hits nobody behind hears, in a dozen handlers, and none is asked whether more may be read.
    func channelReadComplete(context: ChannelHandlerContext) {
        if self.isOutOfTheWay || self.progress.isEnding { self.isCompletionOwed = true }
        if self.isCompletionOwed {
            self.complete(context)
            self.askForMore(context)
        } else if self.asksForMore {
            self.read(context: context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if self.progress.waitsForRoom, !self.isServing, context.channel.isWritable {
            self.serve(context)
            // Here nothing was read.
            self.complete(context)
            if !self.progress.waitsForRoom { self.catchUp(context) }
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            // The requests that wait came before it.
            if self.progress.waitsForRoom {
                self.isInputClosed = true
                return
            }
            self.stepAside(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.stepAside(context)
        context.fireChannelInactive()
    }

    /// As the channel would by itself: each handler may hold that back.
    private func askForMore(_ context: ChannelHandlerContext) { if self.asksForMore { context.channel.read() } }

    private func complete(_ context: ChannelHandlerContext) {
        guard self.isCompletionOwed else { return }
        self.isCompletionOwed = false
        context.fireChannelReadComplete()
    }

    private func catchUp(_ context: ChannelHandlerContext) {
        if self.isInputClosed {
            self.isInputClosed = false
            self.stepAside(context)
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        if self.isReadOwed {
            self.isReadOwed = false
            context.read()
        }
    }

    private func stepAside(_ context: ChannelHandlerContext) {
        guard !self.isOutOfTheWay else { return }
        self.isOutOfTheWay = true
        self.progress.waitsForRoom = false
        guard self.waiting.readableBytes > 0, !self.progress.isEnding else { return }
        let rest = self.waiting
        self.waiting = ByteBuffer()
        self.isCompletionOwed = true
        context.fireChannelRead(self.wrapInboundOut(rest))
    }

    /// Takes all requests that are there. A flush makes room at once where the socket takes everything.
    private func serve(_ context: ChannelHandlerContext) {
        self.isServing = true
        repeat {
            self.progress.waitsForRoom = false
            if self.takeRequests(context) {
                context.flush()
                self.writer.flushed(context)
            }
        } while self.progress.waitsForRoom && context.channel.isWritable
        self.isServing = false
    }

    /// - Returns: whether there is something to flush.
    private func takeRequests(_ context: ChannelHandlerContext) -> Bool {
        var hasWritten = false
        while self.waiting.readableBytes > 0, !self.isOutOfTheWay, !self.progress.isEnding {
            guard context.channel.isWritable else {
                self.progress.waitsForRoom = true
                break
            }
            let start = NIODeadline.now()
            let look = self.waiting.withUnsafeReadableBytes(self.look)
            switch look.outcome {
            case .incomplete: return hasWritten
            case .other: self.stepAside(context)
            case .request(let head):
                guard let answer = self.answer(to: head, look) else {
                    self.passOn(head.length, context)
                    continue
                }
                let id = head.requestID.flatMap(self.requestID)
                self.waiting.moveReaderIndex(forwardBy: head.length)
                self.progress.answeredAtOnce()
                let isAlone = self.waiting.readableBytes == 0
                if self.writer.write(answer, id, since: start, isAlone: isAlone, context) { hasWritten = true }
            }
        }
        return hasWritten
    }

    /// The client's, to be said again.
    private func requestID(_ range: Range<Int>) -> ByteBuffer? {
        self.waiting.getSlice(at: self.waiting.readerIndex + range.lowerBound, length: range.count)
    }

    /// What is at the beginning of the bytes.
    private struct Look {
        let outcome: SimpleHead.Outcome
        /// Nil: not for us.
        var found: HotTable.Found?
        var isNotModified = false
    }

    private func look(_ bytes: UnsafeRawBufferPointer) -> Look {
        let outcome = SimpleHead.read(bytes)
        guard case .request(let head) = outcome, head.isPlain, self.progress.unanswered == 0,
            !(head.isTraced && self.tracesHits), let found = self.table.find(.init(rebasing: bytes[head.target]))
        else { return Look(outcome: outcome) }
        guard let condition = head.ifNoneMatch else { return Look(outcome: outcome, found: found) }
        let value = UnsafeRawBufferPointer(rebasing: bytes[condition])
        guard let isNotModified = SimpleHead.isNotModified(value, etag: found.head.etag) else {
            return Look(outcome: outcome)
        }
        return Look(outcome: outcome, found: found, isNotModified: isNotModified)
    }

    /// - Returns: nil where more is to be done about it than can be done here.
    private func answer(to request: SimpleHead, _ look: Look) -> HotAnswer? {
        guard let found = look.found else { return nil }
        if case .memory(let object) = found { object.seat.visit() }
        if look.isNotModified {
            let kind: HotMeters.Answer = request.isHead ? .headNotModified : .notModified
            return HotAnswer(kind: kind, head: found.head, fields: found.head.notModifiedFields)
        }
        switch found {
        case .memory(let object) where request.isHead:
            return HotAnswer(kind: .head, head: object.head, fields: object.fields)
        case .memory(let object):
            return HotAnswer(kind: .whole, head: object.head, fields: object.fields, body: object.body)
        // What it could not read it must not promise.
        case .store where request.isHead: return nil
        case .store(let object): return self.load(object)
        }
    }

    private func load(_ object: StoredObject) -> HotAnswer? {
        let start = ContinuousClock.now
        guard let read = self.table.load(object) else { return nil }
        return HotAnswer(
            kind: .loaded,
            head: object.head,
            fields: object.head.fields,
            end: HotHead.endOfMiss(isKept: read.isKept, time: ContinuousClock.now - start),
            body: .buffer(ByteBuffer(bytes: read.bytes))
        )
    }

    /// Gives one request to the decoder, and steps aside when that did not make one request of it.
    private func passOn(_ length: Int, _ context: ChannelHandlerContext) {
        guard let request = self.waiting.readSlice(length: length) else { return }
        let requests = self.progress.requests
        self.isCompletionOwed = true
        self.writer.othersWrite()
        context.fireChannelRead(self.wrapInboundOut(request))
        let isOneRequest = self.progress.requests == requests + 1 && !self.progress.isInMessage
        if !isOneRequest || self.progress.isClosing { self.stepAside(context) }
    }
}
