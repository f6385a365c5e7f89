import Glibc

/// Stands in for the control socket of a running service.
final class CannedControl: Sendable {
    private let listener: CannedListener

    var requests: [CannedListener.Request] { self.listener.requests }

    /// - Parameters:
    ///   - path: of the socket; nothing is there yet.
    ///   - status: `200 OK`
    ///   - pieces: what is sent after the head, with a pause after each; then the connection ends.
    ///   - isWhole: whether the end of the connection is also that of the answer.
    init(
        _ path: String,
        status: String = "200 OK",
        type: String = "application/x-ndjson",
        pieces: [String],
        isWhole: Bool = true
    ) throws {
        self.listener = CannedListener(try Self.listen(path)) { connection, _ in
            let end = "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            CannedListener.send("HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n\(end)", to: connection)
            for piece in pieces {
                let bytes = String(piece.utf8.count, radix: 16)
                CannedListener.send("\(bytes)\r\n\(piece)\r\n", to: connection)
                usleep(20_000)
            }
            if isWhole { CannedListener.send("0\r\n\r\n", to: connection) }
        }
    }

    private static func listen(_ path: String) throws -> CInt {
        let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw CannedListener.Failure() }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let isReady = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && Glibc.listen(listener, 8) == 0
            }
        }
        guard isReady else { throw CannedListener.Failure() }
        return listener
    }
}
