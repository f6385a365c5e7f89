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
    private let meters: HotMeters
    private let progress: RequestProgress
    private let sendsFiles: Bool
    private let tracesHits: Bool
    private var preamble = Preamble()
    private var head = ByteBuffer()
    /// The beginning of a head, or requests that wait until the client reads.
    private var waiting = ByteBuffer()
    /// Answers that were written and not flushed.
    private var unflushed: [HotMeters.Answered] = []
    private var isOutOfTheWay = false
    private var isServing = false
    /// Whoever is behind the decoder got something, and waits to be told that this was all for now.
    private var isCompletionOwed = false
    private var isReadOwed = false
    private var isInputClosed = false

    /// - Parameter sendsFiles: whether what is between here and the socket takes regions of files; TLS does not.
    init(_ hotPath: HotPath, progress: RequestProgress, sendsFiles: Bool) {
        self.table = hotPath.table
        self.meters = hotPath.meters
        self.tracesHits = hotPath.tracesHits
        self.progress = progress
        self.sendsFiles = sendsFiles
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

    /// Of hits nobody behind hears, in a dozen handlers.
    func channelReadComplete(context: ChannelHandlerContext) {
        if self.isOutOfTheWay || self.progress.isEnding { self.isCompletionOwed = true }
        self.complete(context)
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
                self.countFlushed(context)
            }
        } while self.progress.waitsForRoom && context.channel.isWritable
        self.isServing = false
    }

    /// Small answers are with the kernel once they are flushed, which costs them no promise: one alone finds room
    /// there, for it is begun only while the channel can be written to. Several may not, where the client does not keep
    /// up: they are when an empty write is that comes after them.
    private func countFlushed(_ context: ChannelHandlerContext) {
        guard !self.unflushed.isEmpty else { return }
        let channel = context.channel
        let isWhole = channel.isActive
        if isWhole, self.unflushed.count > 1, Self.holdsBytesBack(channel) { return self.countWhenWritten(context) }
        let end = NIODeadline.now()
        for answered in self.unflushed { self.meters.count(answered, end: end, isWhole: isWhole) }
        self.unflushed.removeAll(keepingCapacity: true)
    }

    /// Whether there is more than the socket's buffer took.
    private static func holdsBytesBack(_ channel: any Channel) -> Bool {
        let bytes = try? channel.syncOptions?.getOption(.bufferedWritableBytes)
        return (bytes ?? 0) > 0
    }

    private func countWhenWritten(_ context: ChannelHandlerContext) {
        let answers = self.unflushed
        self.unflushed = []
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { result in
            let isWhole = if case .success = result { true } else { false }
            let end = NIODeadline.now()
            for answered in answers { self.meters.count(answered, end: end, isWhole: isWhole) }
        }
        context.writeAndFlush(self.wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: written)
    }

    /// - Returns: whether anything was written.
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
                self.write(answer, id, since: start, context)
                hasWritten = true
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

    /// What is written.
    private struct Answer {
        let kind: HotMeters.Answer
        let head: HotHead
        let fields: ByteBuffer
        /// What follows the fields, where they are not at their end.
        var end: ByteBuffer?
        var body: HotBody?
    }

    /// - Returns: nil where more is to be done about it than can be done here.
    private func answer(to request: SimpleHead, _ look: Look) -> Answer? {
        guard let found = look.found else { return nil }
        if case .memory(let object) = found { object.seat.visit() }
        if look.isNotModified {
            let kind: HotMeters.Answer = request.isHead ? .headNotModified : .notModified
            return Answer(kind: kind, head: found.head, fields: found.head.notModifiedFields)
        }
        switch found {
        case .memory(let object) where request.isHead:
            return Answer(kind: .head, head: object.head, fields: object.fields)
        case .memory(let object):
            return Answer(kind: .whole, head: object.head, fields: object.fields, body: object.body)
        // What it could not read it must not promise.
        case .store where request.isHead: return nil
        case .store(let object): return self.load(object)
        }
    }

    private func load(_ object: StoredObject) -> Answer? {
        let start = ContinuousClock.now
        guard let read = self.table.load(object) else { return nil }
        return Answer(
            kind: .loaded,
            head: object.head,
            fields: object.head.fields,
            end: HotHead.endOfMiss(isKept: read.isKept, time: ContinuousClock.now - start),
            body: .buffer(ByteBuffer(bytes: read.bytes))
        )
    }

    /// Small answers are counted with their flush, which the socket's buffer as a rule takes whole. What it may not is
    /// counted when it was written.
    private func write(
        _ answer: Answer,
        _ requestID: ByteBuffer?,
        since start: NIODeadline,
        _ context: ChannelHandlerContext
    ) {
        self.preamble.refresh(HTTPDates.now)
        // As one piece: a kilobyte is copied in less time than it takes to send two. The memory is the last answer's,
        // where that is with the kernel.
        self.head.clear()
        self.head.writeImmutableBuffer(answer.kind.status == 304 ? self.preamble.notModified : self.preamble.ok)
        if let requestID {
            self.head.writeStaticString("X-Request-Id: ")
            self.head.writeImmutableBuffer(requestID)
            self.head.writeStaticString("\r\n")
        }
        self.head.writeImmutableBuffer(answer.fields)
        if let end = answer.end { self.head.writeImmutableBuffer(end) }
        self.write(self.head, context)
        let bytes = answer.body?.count ?? 0
        let answered = HotMeters.Answered(
            answer: answer.kind,
            head: answer.head,
            bytes: bytes,
            start: start,
            requestID: requestID
        )
        guard let body = answer.body else { return self.unflushed.append(answered) }
        guard bytes >= BodyFile.bodyBytesMin else {
            self.unflushed.append(answered)
            return self.write(body, context, promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { result in
            let isWhole = if case .success = result { true } else { false }
            // The pages of a file are there for as long as it is.
            withExtendedLifetime(body) { self.meters.count(answered, end: .now(), isWhole: isWhole) }
        }
        self.write(body, context, promise: written)
    }

    private func write(_ body: HotBody, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        switch body {
        case .buffer(let buffer): context.write(self.wrapOutboundOut(.byteBuffer(buffer)), promise: promise)
        case .file(let file):
            guard self.sendsFiles, let region = try? file.region() else {
                return context.write(self.wrapOutboundOut(.byteBuffer(ByteBuffer(bytes: file.bytes))), promise: promise)
            }
            context.write(self.wrapOutboundOut(.fileRegion(region)), promise: promise)
        }
    }

    private func write(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(self.wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
    }

    /// Gives one request to the decoder, and steps aside when that did not make one request of it.
    private func passOn(_ length: Int, _ context: ChannelHandlerContext) {
        guard let request = self.waiting.readSlice(length: length) else { return }
        let requests = self.progress.requests
        self.isCompletionOwed = true
        context.fireChannelRead(self.wrapInboundOut(request))
        let isOneRequest = self.progress.requests == requests + 1 && !self.progress.isInMessage
        if !isOneRequest || self.progress.isClosing { self.stepAside(context) }
    }
}
