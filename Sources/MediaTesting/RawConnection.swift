import Dispatch
import Glibc
import Synchronization

/// A connection, TCP or Unix, as a test sees it: bytes go out as they are given, and come in as they are on the wire.
/// No client library stands between, to hide or to mend what a server does wrong.
///
/// Sending and receiving have a thread each, so that a test may do both at once; calls in one direction take turns.
/// The socket is closed with the last reference.
package final class RawConnection: Sendable {
    /// How long a call waits unless the test says otherwise.
    package static let defaultTimeout = Patience.timeMax
    /// Bytes of a head that is read before it is taken for rubbish.
    package static let headBytesMax = 65_536
    /// Bytes of a body likewise.
    package static let bodyBytesMax = 256 << 20

    private let socket: RawSocket
    private let sending = DispatchQueue(label: "RawConnection.sending")
    private let receiving = DispatchQueue(label: "RawConnection.receiving")
    /// What was read and belongs to the next response.
    private let inbound = Mutex<[UInt8]>([])

    private init(_ socket: RawSocket) { self.socket = socket }

    /// - Parameters:
    ///   - host: a numeric address, of either family.
    ///   - source: the one to come from, as another machine would; nil: the kernel's choice.
    package static func connect(
        _ host: String = "127.0.0.1",
        port: Int,
        from source: String? = nil,
        timeout: Duration = defaultTimeout
    ) async throws -> RawConnection {
        try await Self.run(on: DispatchQueue(label: "RawConnection.connect")) {
            RawConnection(try RawSocket(host, port, from: source, deadline: .now + timeout))
        }
    }

    /// - Parameter unixPath: of a Unix domain socket.
    package static func connect(
        unixPath: String,
        timeout: Duration = defaultTimeout
    ) async throws -> RawConnection {
        try await Self.run(on: DispatchQueue(label: "RawConnection.connect")) {
            RawConnection(try RawSocket(unixPath: unixPath, deadline: .now + timeout))
        }
    }

    /// Sends all of the bytes.
    ///
    /// - Throws: ``RawConnectionError``: `.closed` when the peer has gone, `.timeout` when it does not read.
    package func send(_ bytes: [UInt8], timeout: Duration = defaultTimeout) async throws {
        try await Self.run(on: self.sending) { [self] in try self.socket.send(bytes[...], deadline: .now + timeout) }
    }

    package func send(_ text: String, timeout: Duration = defaultTimeout) async throws {
        try await self.send(Array(text.utf8), timeout: timeout)
    }

    /// Sends the bytes in pieces with a pause after each, as a slow client does, or a hostile one. `.timeout` is for
    /// each piece.
    package func sendSlowly(
        _ bytes: [UInt8],
        pieceBytes: Int,
        pause: Duration,
        timeout: Duration = defaultTimeout
    ) async throws {
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            try await self.send(Array(bytes[start..<min(start + pieceBytes, bytes.count)]), timeout: timeout)
            try await Task.sleep(for: pause)
        }
    }

    /// Sends the end of the stream (FIN); what the peer still sends can be read.
    package func halfClose() async throws {
        try await Self.run(on: self.sending) { [self] in try self.socket.shutDown() }
    }

    /// Breaks the connection (RST), as a client does that crashes. Nothing can be sent or received any more.
    package func reset() async throws {
        try await Self.run(on: self.sending) { [self] in try self.socket.reset() }
    }

    /// Reads one response, interim ones (1xx) included: they come as responses of their own.
    ///
    /// - Parameters:
    ///   - method: of the request that it answers: the response to a HEAD has no body, whatever its fields say.
    ///   - timeout: for all of it.
    /// - Throws: ``RawConnectionError``; what had come by then is in its `partial`.
    package func receiveResponse(
        to method: String = "GET",
        timeout: Duration = defaultTimeout
    ) async throws -> RawResponse {
        try await Self.run(on: self.receiving) { [self] in
            try self.inbound.withLock { inbound in
                var reader = RawResponseReader(buffer: inbound, socket: self.socket, deadline: .now + timeout)
                defer { inbound = reader.rest }
                return try reader.response(to: method)
            }
        }
    }

    /// Sends a request and reads the response to it.
    package func exchange(
        _ request: String,
        body: [UInt8] = [],
        timeout: Duration = defaultTimeout
    ) async throws -> RawResponse {
        try await self.send(Array(request.utf8) + body, timeout: timeout)
        let method = request.prefix { $0 != " " }
        return try await self.receiveResponse(to: String(method), timeout: timeout)
    }

    /// Reads whatever comes next: at least one byte and at most `bytesMax`; none at the end of the stream.
    package func receive(bytesMax: Int, timeout: Duration = defaultTimeout) async throws -> [UInt8] {
        try await Self.run(on: self.receiving) { [self] in
            try self.inbound.withLock { inbound in
                if inbound.isEmpty { inbound = try self.socket.receive(bytesMax: bytesMax, deadline: .now + timeout) }
                defer { inbound.removeFirst(min(bytesMax, inbound.count)) }
                return Array(inbound.prefix(bytesMax))
            }
        }
    }

    /// Reads to the end of the stream.
    package func receiveToEnd(timeout: Duration = defaultTimeout) async throws -> [UInt8] {
        try await Self.run(on: self.receiving) { [self] in
            try self.inbound.withLock { inbound in
                var reader = RawResponseReader(buffer: inbound, socket: self.socket, deadline: .now + timeout)
                defer { inbound = [] }
                return try reader.toEnd()
            }
        }
    }

    /// Whether the peer ends the connection, by FIN or RST, before the timeout. What it sends until then is dropped.
    package func isClosedByPeer(within timeout: Duration = defaultTimeout) async throws -> Bool {
        do {
            _ = try await self.receiveToEnd(timeout: timeout)
            return true
        } catch let error as RawConnectionError where error.kind == .timeout {
            return false
        } catch let error as RawConnectionError where error.kind == .closed {
            return true
        }
    }

    /// Runs blocking calls on a thread that may block; the cooperative pool has one a core.
    private static func run<Result: Sendable>(
        on queue: DispatchQueue,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}

/// What went wrong on a connection.
package struct RawConnectionError: Error, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// Nobody listens there.
        case refused
        case timeout
        /// The peer has reset or closed the connection.
        case closed
        /// The peer closed the connection in the middle of a response.
        case truncated
        /// What came is no HTTP/1.1 response.
        case malformed
    }

    package let kind: Kind
    package let detail: String
    /// The part of a response that had come, where its head was complete; its body ends in whatever had come of the
    /// next piece, be it the size of a chunk.
    package let partial: RawResponse?

    init(_ kind: Kind, _ detail: String, partial: RawResponse? = nil) {
        self.kind = kind
        self.detail = detail
        self.partial = partial
    }

    package var description: String { "\(self.kind): \(self.detail)" }
}
