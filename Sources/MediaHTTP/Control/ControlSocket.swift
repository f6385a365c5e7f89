import Glibc

/// The Unix domain socket that operators reach the service through: only the service's own user may connect.
enum ControlSocket {
    /// Bytes of the path: `sockaddr_un` has 108 with the zero at the end (unix(7)).
    static let pathBytesMax = 107

    /// Opens a socket that is bound to `path` and does not listen yet.
    ///
    /// Its mode is 0600 from the moment it has a name: the mode of the unbound socket, less the umask, is what `bind`
    /// gives to the name. A socket that nobody answers on was left by a service that died, and is replaced.
    ///
    /// - Returns: the descriptor; the caller closes it.
    /// - Throws: ``ControlSocketError``.
    static func bind(_ path: String) throws(ControlSocketError) -> Int32 {
        var address = try Self.address(path)
        try Self.removeLeftover(path, address)
        let descriptor = try Self.open(path)
        guard fchmod(descriptor, 0o600) == 0, Self.bind(descriptor, &address) == 0 else {
            let reason = Self.reason(errno)
            close(descriptor)
            throw ControlSocketError("\(path): \(reason)")
        }
        return descriptor
    }

    /// Takes the name away; whoever is connected stays so.
    static func unlink(_ path: String) { Glibc.unlink(path) }

    private static func address(_ path: String) throws(ControlSocketError) -> sockaddr_un {
        let bytes = Array(path.utf8)
        guard (1...Self.pathBytesMax).contains(bytes.count), !bytes.contains(0) else {
            throw ControlSocketError(
                "\(path): the path of the control socket has \(bytes.count) bytes, and may have 1 to "
                    + "\(Self.pathBytesMax); give the data folder a shorter path"
            )
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return address
    }

    private static func removeLeftover(_ path: String, _ address: sockaddr_un) throws(ControlSocketError) {
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

    private static func bind(_ descriptor: Int32, _ address: inout sockaddr_un) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func connect(_ descriptor: Int32, _ address: sockaddr_un) -> Int32 {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
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
