import Foundation
import Glibc
import Synchronization

/// Stands in for the service: takes requests one by one on a free port of 127.0.0.1, keeps what it got and gives each
/// the same answer. It exists so that a client's test can have answers that the real service gives only in trouble.
final class CannedOrigin: Sendable {
    struct Request: Sendable {
        /// The request line and the fields, as they came.
        let head: String
        let body: [UInt8]
    }

    private struct Failure: Error {}

    let port: UInt16
    private let listener: CInt
    private let answer: String
    private let received = Mutex<[Request]>([])

    var origin: String { "http://127.0.0.1:\(self.port)" }
    var requests: [Request] { self.received.withLock { $0 } }

    /// - Parameters:
    ///   - status: `201 Created`
    ///   - fields: further lines of the head, each ended by CRLF.
    init(status: String, type: String, fields: String = "", body: String) throws {
        self.answer =
            "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
            + "Connection: close\r\n\(fields)\r\n\(body)"
        self.listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let isReady = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        self.port = UInt16(bigEndian: address.sin_port)
        guard isReady else { throw Failure() }
        // It ends when `deinit` shuts the listener down; it holds no reference that would keep the object.
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                self?.serve(connection)
                close(connection)
            }
            close(listener)
        }
    }

    deinit { shutdown(self.listener, CInt(SHUT_RDWR)) }

    private func serve(_ connection: CInt) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let end = Array("\r\n\r\n".utf8)
        var headBytes: Int?
        var bodyBytes = 0
        while true {
            if headBytes == nil, let range = bytes.firstRange(of: end) {
                headBytes = range.upperBound
                bodyBytes = Self.contentLength(String(decoding: bytes[..<range.upperBound], as: UTF8.self))
            }
            if let headBytes, bytes.count >= headBytes + bodyBytes { break }
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return }
            bytes += buffer[..<count]
        }
        let head = String(decoding: bytes[..<(headBytes ?? 0)], as: UTF8.self)
        self.received.withLock { $0.append(Request(head: head, body: Array(bytes[(headBytes ?? 0)...]))) }
        // Without a signal: a client that has gone must not end the tests.
        _ = Array(self.answer.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    }

    private static func contentLength(_ head: String) -> Int {
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
        return line.flatMap { Int($0.split(separator: ":")[1].filter(\.isNumber)) } ?? 0
    }
}
