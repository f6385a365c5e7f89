import Foundation
import Glibc
import Synchronization

/// Takes requests one by one on a listening socket, keeps what it got, and has each answered. It exists so that a
/// client's test can have answers that the real service gives only in trouble.
final class CannedListener: Sendable {
    struct Request: Sendable {
        /// The request line and the fields, as they came.
        let head: String
        let body: [UInt8]
    }

    struct Failure: Error {}

    private let listener: CInt
    private let answer: @Sendable (CInt, Request) -> Void
    private let received = Mutex<[Request]>([])

    /// What came until now, in its order. A connection without a request is none.
    var requests: [Request] { self.received.withLock { $0 } }

    /// - Parameters:
    ///   - listener: a bound and listening socket, which is closed with this.
    ///   - answer: writes to the connection; it is closed after that.
    init(_ listener: CInt, answer: @escaping @Sendable (CInt, Request) -> Void) {
        self.listener = listener
        self.answer = answer
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

    /// Sends all of it, without a signal: a client that has gone must not end the tests.
    static func send(_ text: String, to connection: CInt) {
        _ = Array(text.utf8).withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    }

    private func serve(_ connection: CInt) {
        guard let request = Self.read(connection) else { return }
        self.received.withLock { $0.append(request) }
        self.answer(connection, request)
    }

    private static func read(_ connection: CInt) -> Request? {
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
            if let headBytes, bytes.count >= headBytes + bodyBytes {
                let head = String(decoding: bytes[..<headBytes], as: UTF8.self)
                return Request(head: head, body: Array(bytes[headBytes...]))
            }
            let count = Glibc.read(connection, &buffer, buffer.count)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }

    private static func contentLength(_ head: String) -> Int {
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
        return line.flatMap { Int($0.split(separator: ":")[1].filter(\.isNumber)) } ?? 0
    }
}
