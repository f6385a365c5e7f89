import Foundation
import Glibc
import Synchronization

/// Stands in for a service (a KMS, a CDN), also for one in trouble: each request on a port of 127.0.0.1 gets the answer
/// that the test has for it. Every connection is served by itself, so one that hangs holds up no other.
package final class CannedServer: Sendable {
    /// What a request gets.
    package enum Answer: Sendable {
        /// A whole answer; the fields besides its own.
        case said(Int, String, fields: [String] = [])
        /// Nothing at all, for ever.
        case silence
        /// The head and the beginning of a body, and then nothing more, for ever.
        case halfABody(String)
        /// A body that is shorter than its head says, and the end of the connection.
        case cutBody(String)
        /// The end of the connection before a byte of an answer.
        case hangUp
        /// Bytes that are no HTTP.
        case noise
    }

    private struct Failure: Error {}

    package let port: Int
    private let listener: CInt
    private let answer: @Sendable (_ number: Int, _ request: String) -> Answer
    private let received = Mutex<[String]>([])
    private let open = Mutex<[CInt]>([])

    package var endpoint: String { "http://127.0.0.1:\(self.port)" }
    /// Heads and bodies, as they came.
    package var requests: [String] { self.received.withLock { $0 } }

    /// - Parameter answers: in the order of the requests; the last one again once there are no more.
    package convenience init(_ answers: [Answer], port: Int = 0) throws {
        try self.init(port: port) { number, _ in answers[min(number, answers.count) - 1] }
    }

    /// - Parameters:
    ///   - port: 0 for a free one.
    ///   - answer: to the request of that number, the first being 1; head and body, as it came.
    package init(port: Int = 0, answer: @escaping @Sendable (_ number: Int, _ request: String) -> Answer) throws {
        self.answer = answer
        self.listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        // One that a server before it has used is given at once.
        var isOn = CInt(1)
        setsockopt(self.listener, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<CInt>.size))
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let isReady = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        self.port = Int(UInt16(bigEndian: address.sin_port))
        guard isReady else { throw Failure() }
        // It ends when `deinit` shuts the listener down; it holds no reference that would keep the object.
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                Thread.detachNewThread { [weak self] in
                    self?.serve(connection)
                }
            }
            close(listener)
        }
    }

    deinit {
        shutdown(self.listener, CInt(SHUT_RDWR))
        for connection in self.open.withLock({ $0 }) { close(connection) }
    }

    private func serve(_ connection: CInt) {
        guard let request = Self.readRequest(connection) else {
            close(connection)
            return
        }
        let number = self.received.withLock { received in
            received.append(request)
            return received.count
        }
        switch self.answer(number, request) {
        case .said(let status, let body, let fields):
            Self.send(Self.answer(status, body, bytes: body.utf8.count, fields), connection)
        case .silence: self.keepOpen(connection)
        case .halfABody(let body):
            Self.send(Self.answer(200, body, bytes: body.utf8.count + 100), connection, ends: false)
            self.keepOpen(connection)
        case .cutBody(let body): Self.send(Self.answer(200, body, bytes: body.utf8.count + 100), connection)
        case .hangUp: close(connection)
        case .noise: Self.send("\u{7F}ELF\0\0\0", connection)
        }
    }

    private func keepOpen(_ connection: CInt) { self.open.withLock { $0.append(connection) } }

    private static func answer(_ status: Int, _ body: String, bytes: Int, _ fields: [String] = []) -> String {
        "HTTP/1.1 \(status) Status\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: \(bytes)\r\n"
            + fields.map { "\($0)\r\n" }.joined() + "Connection: close\r\n\r\n\(body)"
    }

    private static func send(_ text: String, _ connection: CInt, ends: Bool = true) {
        // Without a signal: a client that has gone must not end the tests.
        _ = Array(text.utf8).withUnsafeBytes {
            Glibc.send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
        }
        if ends { close(connection) }
    }

    private static func readRequest(_ connection: CInt) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            if let head = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                let text = String(decoding: bytes, as: UTF8.self)
                let length = text.firstMatch(of: /(?i)content-length: ([0-9]+)/).flatMap { Int($0.1) } ?? 0
                if bytes.count >= head.upperBound + length { return text }
            }
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }
}
