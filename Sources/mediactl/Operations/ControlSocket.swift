import Glibc

/// The Unix socket on which a running service takes operations.
struct ControlSocket: Sendable {
    /// Whether somebody listens.
    enum State: Hashable {
        case listening
        case absent
        /// Something is there that cannot be talked to: the system's words.
        case unusable(String)
    }

    /// Of a path, without the NUL at its end: what `sun_path` (unix(7)) holds.
    static let pathBytesMax = 107

    let path: String

    /// Connects and hangs up. A short call: a Unix socket answers at once or not at all, and this one does not wait.
    var state: State {
        let bytes = Array(self.path.utf8)
        guard bytes.count <= Self.pathBytesMax else {
            return .unusable("its path has more than \(Self.pathBytesMax) bytes; set control.socket to a shorter one")
        }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return .unusable(String(errno: errno)) }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
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
