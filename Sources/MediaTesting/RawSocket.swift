import Glibc

/// A connected socket, TCP or Unix, whose calls end at a deadline. They block their thread.
final class RawSocket: Sendable {
    private let descriptor: Int32

    /// - Parameter source: the numeric address to come from; nil: the kernel's choice.
    init(_ host: String, _ port: Int, from source: String? = nil, deadline: ContinuousClock.Instant) throws {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let address = found?.pointee else {
            throw RawConnectionError(.refused, "'\(host)' is no numeric address")
        }
        defer { freeaddrinfo(found) }
        // Close-on-exec: a program started meanwhile must not hold the connection open.
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        self.descriptor = socket(address.ai_family, flags, 0)
        guard self.descriptor >= 0 else { throw RawConnectionError(.refused, "socket: \(Self.reason(errno))") }
        var one: Int32 = 1
        // Each piece that a test sends is to be a segment of its own.
        setsockopt(self.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        if let source { try self.bind(to: source) }
        if Glibc.connect(self.descriptor, address.ai_addr, address.ai_addrlen) == 0 { return }
        try self.finishConnecting(deadline)
    }

    private func bind(to source: String) throws {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(source, nil, &hints, &found) == 0, let address = found?.pointee else {
            throw RawConnectionError(.refused, "'\(source)' is no numeric address")
        }
        defer { freeaddrinfo(found) }
        guard Glibc.bind(self.descriptor, address.ai_addr, address.ai_addrlen) == 0 else {
            throw RawConnectionError(.refused, "bind: \(Self.reason(errno))")
        }
    }

    /// - Parameter unixPath: of a Unix domain socket, at most 107 bytes.
    init(unixPath: String, deadline: ContinuousClock.Instant) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(unixPath.utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw RawConnectionError(.refused, "'\(unixPath)' is too long for a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        self.descriptor = socket(AF_UNIX, flags, 0)
        guard self.descriptor >= 0 else { throw RawConnectionError(.refused, "socket: \(Self.reason(errno))") }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if connected == 0 { return }
        try self.finishConnecting(deadline)
    }

    private func finishConnecting(_ deadline: ContinuousClock.Instant) throws {
        guard errno == EINPROGRESS else { throw RawConnectionError(.refused, "connect: \(Self.reason(errno))") }
        try self.wait(for: POLLOUT, until: deadline)
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(self.descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
        guard failure == 0 else { throw RawConnectionError(.refused, "connect: \(Self.reason(failure))") }
    }

    deinit { close(self.descriptor) }

    func send(_ bytes: ArraySlice<UInt8>, deadline: ContinuousClock.Instant) throws {
        var rest = bytes
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { bytes in
                // Without a signal: SIGPIPE would end the test.
                Glibc.send(self.descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if sent > 0 {
                rest = rest.dropFirst(sent)
            } else {
                try self.waitUnlessBroken(POLLOUT, errno, until: deadline)
            }
        }
    }

    /// At least one byte; none at the end of the stream.
    func receive(bytesMax: Int, deadline: ContinuousClock.Instant) throws -> [UInt8] {
        while true {
            var received = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
                received = recv(self.descriptor, buffer.baseAddress, buffer.count, 0)
                count = max(0, received)
            }
            if received >= 0 { return bytes }
            try self.waitUnlessBroken(POLLIN, errno, until: deadline)
        }
    }

    /// FIN.
    func shutDown() throws {
        guard shutdown(self.descriptor, Int32(SHUT_WR)) == 0 else {
            throw RawConnectionError(.closed, "shutdown: \(Self.reason(errno))")
        }
    }

    /// RST. Linux sends it when a connected socket is connected to "no address" (connect(2)), and the descriptor stays
    /// ours: to close it here could hand its number to somebody else while the other thread still uses it.
    func reset() throws {
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        guard Glibc.connect(self.descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size)) == 0 else {
            throw RawConnectionError(.closed, "reset: \(Self.reason(errno))")
        }
    }

    private func waitUnlessBroken(_ events: Int32, _ failure: Int32, until deadline: ContinuousClock.Instant) throws {
        switch failure {
        case EAGAIN: try self.wait(for: events, until: deadline)
        case EINTR: return
        default: throw RawConnectionError(.closed, Self.reason(failure))
        }
    }

    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws {
        var descriptor = pollfd(fd: self.descriptor, events: Int16(events), revents: 0)
        while true {
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { throw RawConnectionError(.timeout, "nothing happened on the connection in time") }
            let ready = poll(&descriptor, 1, Int32(min(left.rounded(.up), 60_000)))
            if ready > 0 { return }
            guard ready == 0 || errno == EINTR else { throw RawConnectionError(.closed, Self.reason(errno)) }
        }
    }

    private static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
}
