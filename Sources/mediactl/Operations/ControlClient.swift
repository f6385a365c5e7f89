import AsyncHTTPClient
import FoundationEssentials
import MediaModel
import MediaOrigin
import NIOCore
import NIOHTTP1

/// Has the running service do an operation: HTTP over its Unix socket, the answer a line of JSON for each thing that it
/// says.
struct ControlClient: Sendable {
    /// Until the service takes the connection.
    private static let connectTimeout = TimeAmount.seconds(10)
    /// A problem has a few hundred bytes.
    private static let problemBytesMax = 64 << 10

    let socket: ServiceSocket

    /// Returns after the last line. There is no limit on the time between two lines: a re-sealing of all blobs may say
    /// nothing for long, and a service that is gone is noticed by its connection. When the task is cancelled, the
    /// connection is cut, which is how the service hears of it.
    ///
    /// - Throws: ``OriginFailure``; `CancellationError`.
    func run(_ request: OperationRequest, report: OperationReport) async throws {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: Self.connectTimeout)
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            try await withClosing {
                try await self.exchange(request, http, report)
            } close: {
                try await http.shutdown()
            }
        } catch {
            try Task.checkCancellation()
            throw error as? OriginFailure ?? self.broken(error)
        }
    }

    private func exchange(_ request: OperationRequest, _ http: HTTPClient, _ report: OperationReport) async throws {
        let response = try await http.execute(try self.message(request), deadline: .distantFuture)
        guard response.status == .ok else {
            let body = try await response.body.collect(upTo: Self.problemBytesMax)
            throw OriginFailure(
                status: response.status,
                body: Array(body.readableBytesView),
                advice: Self.advice(response.status, self.socket)
            )
        }
        var splitter = LineSplitter()
        for try await piece in response.body {
            for bytes in try splitter.take(piece.readableBytesView) {
                let line = try self.decode(bytes)
                await report(line)
                if line.isLast { return }
            }
        }
        throw OriginFailure(
            summary: "the service stopped answering before \(request.operation) had ended",
            advice: "look into the service's log; what was done stays done, and it can be run again"
        )
    }

    private func message(_ request: OperationRequest) throws -> HTTPClientRequest {
        guard let url = URL(httpURLWithSocketPath: self.socket.path, uri: "/operations/\(request.operation)") else {
            throw OriginFailure(
                summary: "\(self.socket.path) cannot be written as the address of a socket",
                advice: "set control.socket to another path, for the service and here"
            )
        }
        var message = HTTPClientRequest(url: url.absoluteString)
        message.method = .POST
        // The socket is the authority; HTTP/1.1 wants the field all the same (RFC 9112 §3.2).
        message.headers.add(name: "Host", value: "localhost")
        message.headers.add(name: "User-Agent", value: "mediactl/\(Product.version)")
        message.headers.add(name: "Content-Type", value: "application/json")
        message.headers.add(name: "Accept", value: "application/x-ndjson, application/problem+json")
        message.body = .bytes(ByteBuffer(string: try JSONText.line(request.options)))
        return message
    }

    private func decode(_ bytes: [UInt8]) throws -> OperationLine {
        do {
            return try JSONDecoder().decode(OperationLine.self, from: Data(bytes))
        } catch {
            throw OriginFailure(
                summary: "\(self.socket.path) answered with something that is no line of an operation",
                advice: "check that control.socket is the service's, and that both are of one release"
            )
        }
    }

    private func broken(_ error: any Error) -> OriginFailure {
        OriginFailure(
            summary: "the exchange with the service at \(self.socket.path) broke off: \(error)",
            advice: "look into the service's log; what was done stays done, and it can be run again"
        )
    }

    private static func advice(_ status: HTTPResponseStatus, _ socket: ServiceSocket) -> String {
        switch status {
        case .notFound: "the service at \(socket.path) does not know this operation: both must be of one release"
        case .badRequest, .unprocessableEntity: "'mediactl help' with the command's name says what it takes"
        case .conflict, .serviceUnavailable: "another operation runs; try again when it has ended"
        default: "look into the service's log"
        }
    }
}
