import Glibc

/// One request as it goes over the wire, and where to.
package struct WireRequest: Sendable {
    /// IPv4, in dotted decimals.
    package let host: String
    package let port: UInt16
    /// The whole of a request without a body; its answer must leave the connection open.
    package let bytes: [UInt8]
    /// That the answer must have.
    package let status: Int

    package init(host: String, port: UInt16, bytes: [UInt8], status: Int) {
        self.host = host
        self.port = port
        self.bytes = bytes
        self.status = status
    }
}

/// Sends a request on many connections at once, waits for all answers, and does so again: what the service's CPU for a
/// request is measured with.
///
/// At a constant rate a service mostly sleeps, and what a request takes is mostly the waking, which depends on what
/// else the machine does: five times as much on a busy one. Here there is always a whole row of requests to be
/// answered, and two runs of one build differ by a few percent on any machine (docs/decisions/0026). Sockets and
/// poll(2), because this program has to be much cheaper than what it measures.
final class Burst {
    private static let bufferBytes = 256 << 10
    private static let silenceMilliseconds: CInt = 10_000

    private let request: WireRequest
    private var sockets: [pollfd] = []
    private var answers: [WireAnswer] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Burst.bufferBytes, alignment: 16)

    /// - Throws: ``BenchError`` where it cannot be connected.
    init(_ request: WireRequest, connections: Int) throws(BenchError) {
        self.request = request
        for _ in 0..<connections { self.sockets.append(try Self.connect(request)) }
    }

    deinit {
        for socket in self.sockets { close(socket.fd) }
        self.buffer.deallocate()
    }

    /// - Returns: the number of answers.
    /// - Throws: ``BenchError`` for an answer that is not as it should be, or none.
    func run(for duration: Duration) throws(BenchError) -> Int {
        let start = ContinuousClock.now
        var count = 0
        repeat {
            try self.row()
            count += self.sockets.count
        } while ContinuousClock.now - start < duration
        return count
    }

    /// What a clock says that each row took; at least one.
    func rows(for duration: Duration, _ clock: () -> Double) throws(BenchError) -> [Double] {
        let start = ContinuousClock.now
        var rows: [Double] = []
        var last = clock()
        repeat {
            try self.row()
            let now = clock()
            rows.append(now - last)
            last = now
        } while ContinuousClock.now - start < duration
        return rows
    }

    private func row() throws(BenchError) {
        for socket in self.sockets {
            let written = self.request.bytes.withUnsafeBytes {
                send(socket.fd, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard written == self.request.bytes.count else { throw Self.failure("the connection broke") }
        }
        self.answers = [WireAnswer](repeating: WireAnswer(), count: self.sockets.count)
        var missing = self.sockets.count
        while missing > 0 {
            guard poll(&self.sockets, nfds_t(self.sockets.count), Self.silenceMilliseconds) > 0 else {
                throw Self.failure("no answer within 10 s")
            }
            for index in self.sockets.indices where self.sockets[index].revents != 0 {
                if try self.read(index) { missing -= 1 }
            }
        }
    }

    /// Whether this was the end of the answer.
    private func read(_ index: Int) throws(BenchError) -> Bool {
        let count = recv(self.sockets[index].fd, self.buffer.baseAddress, self.buffer.count, 0)
        guard count > 0, !self.answers[index].isComplete else { throw Self.failure("the connection broke") }
        self.answers[index].take(UnsafeRawBufferPointer(rebasing: self.buffer[..<count]))
        if let status = self.answers[index].status, status != self.request.status { throw Self.failure("\(status)") }
        return self.answers[index].isComplete
    }

    private static func failure(_ reason: String) -> BenchError {
        BenchError(
            .service,
            """
            a row of requests was not answered as it should be: \(reason)
              look into the service's log; without --admin-url no such rows are sent
            """
        )
    }

    private static func connect(_ request: WireRequest) throws(BenchError) -> pollfd {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = request.port.bigEndian
        inet_pton(AF_INET, request.host, &address.sin_addr)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(descriptor)
            throw Self.failure("cannot connect to \(request.host):\(request.port)")
        }
        var isOn: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<CInt>.size))
        return pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }
}
