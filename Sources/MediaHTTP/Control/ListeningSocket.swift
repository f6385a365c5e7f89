import Glibc
import NIOCore

/// The Unix domain socket that operators reach the service through: only the service's own user may connect.
enum ListeningSocket {
    /// Opens a socket that is bound to `path` and does not listen yet.
    ///
    /// Its mode is 0600 from the moment it has a name: the mode of the unbound socket, less the umask, is what `bind`
    /// gives to the name. A socket that nobody answers on was left by a service that died, and is replaced.
    ///
    /// - Returns: the descriptor; the caller closes it.
    /// - Throws: ``ControlSocketError``.
    static func bind(_ path: String) throws(ControlSocketError) -> Int32 {
        let address = try Self.address(path)
        try Self.removeLeftover(path, address)
        let descriptor = try Self.open(path)
        guard fchmod(descriptor, 0o600) == 0, Self.bind(descriptor, address) == 0 else {
            let reason = Self.reason(errno)
            close(descriptor)
            throw ControlSocketError("\(path): \(reason)")
        }
        return descriptor
    }

    /// Takes the name away; whoever is connected stays so.
    static func unlink(_ path: String) { Glibc.unlink(path) }

    /// Its length is for `SocketAddress` to say, which those who connect have as well.
    private static func address(_ path: String) throws(ControlSocketError) -> SocketAddress {
        // Without a name, bind(2) makes one up; at a zero, it ends.
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw ControlSocketError("'\(path)' is no path of a control socket")
        }
        do {
            return try SocketAddress(unixDomainSocketPath: path)
        } catch {
            throw ControlSocketError(
                "\(path): the path of the control socket has \(path.utf8.count) bytes, and may have 103; set "
                    + "control.socket, or give the data folder a shorter path"
            )
        }
    }

    private static func removeLeftover(_ path: String, _ address: SocketAddress) throws(ControlSocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw ControlSocketError("\(path): \(Self.reason(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ControlSocketError("\(path): there is something else than a socket; move it away")
        }
        let descriptor = try Self.open(path)
        defer { close(descriptor) }
        // A full backlog (EAGAIN) is an answer too.
        guard Self.connect(descriptor, address) != 0, errno == ECONNREFUSED || errno == ENOENT else {
            throw ControlSocketError("\(path): another process answers there")
        }
        guard Glibc.unlink(path) == 0 || errno == ENOENT else {
            throw ControlSocketError(
                "\(path): the socket of a service that died cannot be removed: \(Self.reason(errno))"
            )
        }
    }

    private static func open(_ path: String) throws(ControlSocketError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw ControlSocketError("\(path): \(Self.reason(errno))") }
        return descriptor
    }

    private static func bind(_ descriptor: Int32, _ address: SocketAddress) -> Int32 {
        address.withSockAddr { Glibc.bind(descriptor, $0, socklen_t($1)) }
    }

    private static func connect(_ descriptor: Int32, _ address: SocketAddress) -> Int32 {
        address.withSockAddr { Glibc.connect(descriptor, $0, socklen_t($1)) }
    }

    private static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
}

/// Why there is no control socket; for the operator.
package struct ControlSocketError: Error, Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The path, what is wrong there, what to do.
    package let description: String

    init(_ description: String) { self.description = description }

    package var debugDescription: String { "control socket: \(self.description)" }
}
