import NIOCore

/// An answer of the hot path.
struct HotAnswer {
    let kind: HotMeters.Answer
    let head: HotHead
    let fields: ByteBuffer
    /// What follows the fields, where they are not at their end.
    var end: ByteBuffer?
    var body: HotBody?
}

/// Writes the answers of the hot path to one connection, and counts each when it is with the kernel.
///
/// An answer alone goes to the socket directly (``DirectSocket``) while the channel has nothing to write. What the
/// kernel does not take of it, and answers that come together, take the channel's way.
final class HotWriter {
    private let meters: HotMeters
    private let progress: RequestProgress
    private let isEncrypted: Bool
    private var preamble = Preamble()
    private var head = ByteBuffer()
    /// Nil where what is between here and the socket changes the bytes, as TLS does.
    private var socket: DirectSocket?
    /// Whether the channel may have something that is still to be written.
    private var mayHoldBytes = false
    /// Answers that were written and not flushed.
    private var unflushed: [HotMeters.Answered] = []

    init(_ meters: HotMeters, progress: RequestProgress, isEncrypted: Bool) {
        self.meters = meters
        self.progress = progress
        self.isEncrypted = isEncrypted
    }

    /// To be called once, before the first answer.
    ///
    /// - Returns: whether there is one, and nothing between here and it that changes the bytes.
    func findSocket(of channel: any Channel) -> Bool {
        if !self.isEncrypted { self.socket = DirectSocket(channel) }
        return self.socket != nil
    }

    /// Somebody else gets to write to the channel.
    func othersWrite() { self.mayHoldBytes = true }

    /// - Parameters:
    ///   - start: when its request was read.
    ///   - isAlone: no other answer can go out with it.
    /// - Returns: whether there is something to flush.
    func write(
        _ answer: HotAnswer,
        _ requestID: ByteBuffer?,
        since start: NIODeadline,
        isAlone: Bool,
        _ context: ChannelHandlerContext
    ) -> Bool {
        self.makeHead(of: answer, requestID)
        let answered = HotMeters.Answered(
            answer: answer.kind,
            head: answer.head,
            bytes: answer.body?.count ?? 0,
            start: start,
            requestID: requestID
        )
        let taken = isAlone ? self.sendAtOnce(answer.body, context) : 0
        if taken == self.head.readableBytes + answered.bytes {
            self.meters.count(answered, end: .now())
            return false
        }
        self.mayHoldBytes = true
        let offset = max(0, taken - self.head.readableBytes)
        self.head.moveReaderIndex(forwardBy: taken - offset)
        self.writeRest(answer.body, from: offset, answered, context)
        return true
    }

    /// As one piece: a kilobyte is copied in less time than it takes to send two. The memory is the last answer's,
    /// where that is with the kernel.
    private func makeHead(of answer: HotAnswer, _ requestID: ByteBuffer?) {
        self.preamble.refresh(HTTPDates.now)
        self.head.clear()
        self.head.writeImmutableBuffer(answer.kind.status == 304 ? self.preamble.notModified : self.preamble.ok)
        if let requestID {
            self.head.writeStaticString("X-Request-Id: ")
            self.head.writeImmutableBuffer(requestID)
            self.head.writeStaticString("\r\n")
        }
        self.head.writeImmutableBuffer(answer.fields)
        if let end = answer.end { self.head.writeImmutableBuffer(end) }
    }

    /// - Returns: bytes of the head, and behind it of the body, that are with the kernel. None where the channel still
    ///   has something to write.
    private func sendAtOnce(_ body: HotBody?, _ context: ChannelHandlerContext) -> Int {
        guard let socket = self.socket, context.channel.isActive else { return 0 }
        if self.mayHoldBytes { self.mayHoldBytes = Self.holdsBytesBack(context.channel) }
        guard !self.mayHoldBytes else { return 0 }
        let taken = socket.send(self.head, body)
        self.progress.bytesSent += taken
        return taken
    }

    /// Small answers are counted with their flush (``flushed(_:)``), large ones when they were written.
    ///
    /// - Parameter offset: of the body's first byte that is to be written.
    private func writeRest(
        _ body: HotBody?,
        from offset: Int,
        _ answered: HotMeters.Answered,
        _ context: ChannelHandlerContext
    ) {
        if self.head.readableBytes > 0 { context.write(NIOAny(IOData.byteBuffer(self.head)), promise: nil) }
        guard let body else { return self.unflushed.append(answered) }
        guard body.count >= BodyFile.bodyBytesMin else {
            self.unflushed.append(answered)
            return context.write(NIOAny(self.rest(of: body, from: offset)), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { result in
            let isWhole = if case .success = result { true } else { false }
            // The pages of a file are there for as long as it is.
            withExtendedLifetime(body) { self.meters.count(answered, end: .now(), isWhole: isWhole) }
        }
        context.write(NIOAny(self.rest(of: body, from: offset)), promise: written)
    }

    private func rest(of body: HotBody, from offset: Int) -> IOData {
        switch body {
        case .buffer(var buffer):
            buffer.moveReaderIndex(forwardBy: offset)
            return .byteBuffer(buffer)
        case .file(let file):
            if !self.isEncrypted, let region = try? file.region(from: offset) { return .fileRegion(region) }
            return .byteBuffer(ByteBuffer(bytes: file.bytes.dropFirst(offset)))
        }
    }

    /// Small answers are with the kernel once they are flushed and the channel holds nothing back, which costs them no
    /// promise. Where the client does not keep up, they are when an empty write is that comes after them.
    func flushed(_ context: ChannelHandlerContext) {
        guard !self.unflushed.isEmpty else { return }
        let channel = context.channel
        let isWhole = channel.isActive
        if isWhole, Self.holdsBytesBack(channel) { return self.countWhenWritten(context) }
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
        context.writeAndFlush(NIOAny(IOData.byteBuffer(ByteBuffer())), promise: written)
    }
}
