import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// A request that came over the control socket, whole.
struct ControlRequest: Sendable {
    /// Bytes of a body: options are a few words.
    static let bodyBytesMax = 64 * 1024

    let method: String
    let target: String
    /// Nil where there were more than ``bodyBytesMax``.
    let body: [UInt8]?

    /// What the body says; nothing where it is empty.
    func options() throws(Problem) -> [String: String] {
        guard let body = self.body else { throw .bodyTooLarge(bytesMax: Self.bodyBytesMax) }
        if body.isEmpty { return [:] }
        do {
            return try JSONDecoder().decode([String: String].self, from: Data(body))
        } catch {
            throw .badOptions("Options are a JSON object whose values are strings.")
        }
    }
}

/// One connection: one request, one answer, the end.
///
/// The answer lasts as long as the operation, and the client's end of the connection is watched meanwhile: when it
/// goes, or only says that it will send no more, what it asked for is cancelled. That is why there is no second
/// request.
struct ControlConnection: Sendable {
    typealias Channel = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// How long a request may take to arrive.
    static let requestTimeout = TimeAmount.seconds(30)

    let channel: Channel
    let responder: ControlResponder

    /// Puts HTTP/1.1 on an accepted connection. Without NIO's help for pipelining, which reads nothing while an answer
    /// is on its way, and so would not see the client go.
    static func configure(_ channel: any NIOCore.Channel) -> EventLoopFuture<Channel> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
            return try Channel(wrappingChannelSynchronously: channel)
        }
    }

    /// Returns when the connection is closed.
    func serve() async {
        do {
            // A client that does not read holds the answer up for as long as it likes, but not whoever ends the task.
            try await withTaskCancellationHandler {
                try await self.channel.executeThenClose { inbound, _ in try await self.exchange(inbound) }
            } onCancel: {
                self.channel.channel.close(promise: nil)
            }
        } catch {
            Logger.current.debug("Control connection ended", metadata: ["error": "\(String(reflecting: error))"])
        }
    }

    private func exchange(_ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>) async throws {
        let (requests, arrival) = AsyncStream.makeStream(of: ControlRequest.self)
        let timeout = self.channel.channel.eventLoop.scheduleTask(in: Self.requestTimeout) {
            self.channel.channel.close(promise: nil)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { arrival.finish() }
                var head: HTTPRequestHead?
                var body: [UInt8]? = []
                for try await part in inbound {
                    switch part {
                    case .head(let first): head = head ?? first
                    case .body(let buffer): body = Self.joined(body, buffer)
                    case .end:
                        guard let head else { continue }
                        timeout.cancel()
                        arrival.yield(ControlRequest(method: head.method.rawValue, target: head.uri, body: body))
                        arrival.finish()
                    }
                }
            }
            group.addTask {
                // A client that has asked for nothing yet does not hold the stop up.
                let request = await cancelWhenGracefulShutdown { await requests.first { _ in true } }
                guard let request else { return }
                try await self.responder.respond(to: request, through: ControlWriter(self.channel.channel))
            }
            // Whichever is first, the client's going or the end of the answer, is the end of the other.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private static func joined(_ body: [UInt8]?, _ buffer: ByteBuffer) -> [UInt8]? {
        guard let body, body.count + buffer.readableBytes <= ControlRequest.bodyBytesMax else { return nil }
        return body + buffer.readableBytesView
    }
}

/// Writes the one answer of a connection. Every call returns when the bytes are with the kernel, and throws when they
/// cannot be.
struct ControlWriter: Sendable {
    private let channel: any Channel

    init(_ channel: any Channel) { self.channel = channel }

    /// A whole answer.
    func answer(_ status: HTTPResponse.Status, _ fields: HTTPFields, _ body: ByteBuffer) async throws {
        var fields = fields
        fields[.contentLength] = String(body.readableBytes)
        try await self.begin(status, fields)
        try await self.append(body)
        try await self.end()
    }

    func answer(_ problem: Problem) async throws {
        try await self.answer(problem.status, problem.headers, problem.document)
    }

    /// The head of an answer of which nobody knows how long it will be.
    func begin(_ status: HTTPResponse.Status, _ fields: HTTPFields) async throws {
        var headers = HTTPHeaders(fields.map { ($0.name.rawName, $0.value) })
        headers.add(name: "Date", value: HTTPDates.format(unixSeconds: HTTPDates.now))
        headers.add(name: "Connection", value: "close")
        let status = HTTPResponseStatus(statusCode: status.code, reasonPhrase: status.reasonPhrase)
        try await self.write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
    }

    func append(_ bytes: ByteBuffer) async throws { try await self.write(.body(.byteBuffer(bytes))) }

    func end() async throws { try await self.write(.end(nil)) }

    private func write(_ part: HTTPServerResponsePart) async throws {
        try await self.channel.writeAndFlush(part).get()
    }
}
