import Glibc
import NIOCore

/// The Unix socket on which a running service takes operations, as those see it who ask for one.
struct ServiceSocket: Sendable {
    /// Whether somebody listens.
    enum State: Hashable {
        case listening
        case absent
        /// Something is there that cannot be talked to: the system's words.
        case unusable(String)
    }

    let path: String

    /// Connects and hangs up. A short call: a Unix socket answers at once or not at all, and this one does not wait.
    var state: State {
        guard let address = try? SocketAddress(unixDomainSocketPath: self.path) else {
            return .unusable("its path has \(self.path.utf8.count) bytes; set control.socket to a shorter one")
        }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return .unusable(String(errno: errno)) }
        defer { close(descriptor) }
        let result = address.withSockAddr { connect(descriptor, $0, socklen_t($1)) }
        return result == 0 ? .listening : Self.state(after: errno)
    }

    /// What connect(2) says of a Unix socket.
    private static func state(after number: CInt) -> State {
        switch number {
        // The queue of those who want to be served is full: somebody listens, and is busy.
        case EAGAIN: .listening
        // Nothing there, or left behind by a process that is gone.
        case ENOENT, ENOTDIR, ECONNREFUSED: .absent
        default: .unusable(String(errno: number))
        }
    }
}
