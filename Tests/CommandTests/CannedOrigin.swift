import Glibc
import Synchronization

/// Stands in for the service's public listener: the same answer to each request, on a free port of 127.0.0.1.
final class CannedOrigin: Sendable {
    let port: UInt16
    private let listener: CannedListener

    var origin: String { "http://127.0.0.1:\(self.port)" }
    var requests: [CannedListener.Request] { self.listener.requests }

    /// - Parameters:
    ///   - status: `201 Created`
    ///   - fields: further lines of the head, each ended by CRLF.
    ///   - breaks: so many requests are read, and get no answer but the end of the connection.
    init(status: String, type: String, fields: String = "", body: String, breaks: Int = 0) throws {
        let (listener, port) = try Self.listen()
        self.port = port
        let answer =
            "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
            + "Connection: close\r\n\(fields)\r\n\(body)"
        let breaksLeft = Atomic(breaks)
        self.listener = CannedListener(listener) { connection, _ in
            if breaksLeft.subtract(1, ordering: .relaxed).oldValue > 0 { return }
            CannedListener.send(answer, to: connection)
        }
    }

    private static func listen() throws -> (listener: CInt, port: UInt16) {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isReady = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && Glibc.listen(listener, 8) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isReady else { throw CannedListener.Failure() }
        return (listener, UInt16(bigEndian: address.sin_port))
    }
}
