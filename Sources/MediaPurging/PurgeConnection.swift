import AsyncHTTPClient
import FoundationEssentials
import MediaModel
import NIOCore
import NIOHTTP1

/// The HTTP client that all drivers share. ``shutdown()`` ends it.
package struct PurgeClient: Sendable {
    let http: HTTPClient

    /// Connects to nothing yet.
    ///
    /// - Parameter deadline: of one request; connecting may take half of it.
    package init(deadline: Duration) {
        var configuration = HTTPClient.Configuration(
            // A redirect would take the credentials elsewhere.
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: TimeAmount(deadline / 2))
        )
        configuration.httpVersion = .http1Only
        // Retries are the outbox's; two layers of them would multiply.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Shorter than what servers and their load balancers keep idle connections for.
        configuration.connectionPool.idleTimeout = .seconds(20)
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes all connections. To be called once, when no request is under way any more.
    package func shutdown() async throws { try await self.http.shutdown() }
}

/// One request to a target.
struct PurgeRequest: Sendable, Hashable {
    let method: String
    /// Absolute.
    let url: String
    var fields: [String: String] = [:]
    var body: [UInt8] = []

    /// For errors: a query may be a signature.
    var name: String { "\(self.method) \(self.url.prefix { $0 != "?" })" }
}

/// What a target said.
struct PurgeAnswer: Sendable {
    let status: Int
    /// The beginning of it, ``PurgeConnection/answerBytesMax`` at the most.
    let body: [UInt8]
    let retryAfter: Duration?

    var text: String { String(decoding: self.body, as: UTF8.self) }
}

/// Requests to one target: at its pace, each with a deadline, and failures as ``PurgeError``.
package struct PurgeConnection: Sendable {
    static let answerBytesMax = 64 * 1024
    /// Of what a target said, in an error.
    static let quoteBytesMax = 200

    private let client: PurgeClient
    private let pace: PurgePace
    private let deadline: Duration

    /// - Parameters:
    ///   - perSecond: requests, 1 or more.
    ///   - deadline: from a request's turn to the end of its answer.
    package init(_ client: PurgeClient, perSecond: Int, deadline: Duration) {
        self.client = client
        self.pace = PurgePace(perSecond: perSecond)
        self.deadline = deadline
    }

    /// Sends a request and returns what the target said where that is a success (2xx).
    ///
    /// - Throws: ``PurgeError``, `CancellationError`.
    @discardableResult
    func send(_ request: PurgeRequest) async throws -> PurgeAnswer {
        let answer = try await self.exchange(request)
        guard (200..<300).contains(answer.status) else { throw Self.error(answer, of: request) }
        return answer
    }

    /// Sends a request and returns what the target said, whatever that is.
    ///
    /// AsyncHTTPClient's deadline ends with the head of an answer; the race here covers the body, too.
    func exchange(_ request: PurgeRequest) async throws -> PurgeAnswer {
        try await self.pace.turn()
        return try await withThrowingTaskGroup(of: PurgeAnswer.self) { group in
            group.addTask { try await self.execute(request) }
            group.addTask {
                try await Task.sleep(for: self.deadline)
                throw PurgeError(
                    .unreachable,
                    detail: "\(request.name): no answer in \(self.deadline)"
                )
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw CancellationError() }
            return answer
        }
    }

    private func execute(_ request: PurgeRequest) async throws -> PurgeAnswer {
        var sent = HTTPClientRequest(url: request.url)
        sent.method = HTTPMethod(rawValue: request.method)
        sent.headers.add(name: "User-Agent", value: "mediad/\(Product.version)")
        for (name, value) in request.fields.sorted(by: { $0.key < $1.key }) {
            sent.headers.add(name: name, value: value)
        }
        if !request.body.isEmpty { sent.body = .bytes(ByteBuffer(bytes: request.body)) }
        do {
            let response = try await self.client.http.execute(sent, deadline: .now() + TimeAmount(self.deadline))
            var body: [UInt8] = []
            for try await part in response.body {
                let room = Self.answerBytesMax - body.count
                body += part.readableBytesView.prefix(room)
                // What comes beyond is not read; the connection ends with it.
                if part.readableBytes >= room { break }
            }
            let retryAfter = response.headers.first(name: "Retry-After").flatMap { UInt32($0) }
            return PurgeAnswer(
                status: Int(response.status.code),
                body: body,
                retryAfter: retryAfter.map { .seconds(Int64($0)) }
            )
        } catch {
            try Task.checkCancellation()
            throw PurgeError(.unreachable, detail: "\(request.name): \(error)")
        }
    }

    /// What an answer that is no success means to the outbox.
    static func error(_ answer: PurgeAnswer, of request: PurgeRequest) -> PurgeError {
        let code: PurgeError.Code =
            switch answer.status {
            case 401, 403: .denied
            case 429: .throttled
            case 408, 500...: .unreachable
            default: .refused
            }
        return Self.error(code, answer, of: request)
    }

    static func error(_ code: PurgeError.Code, _ answer: PurgeAnswer, of request: PurgeRequest) -> PurgeError {
        // For a log line: plain characters, not too many.
        let said = answer.body.prefix(Self.quoteBytesMax).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: " ") }
        let detail = "\(request.name): \(answer.status) \(String(decoding: said, as: UTF8.self))"
        return PurgeError(code, detail: detail, retryAfter: answer.retryAfter)
    }
}

extension Array where Element: Hashable {
    /// Each element once, where it was first.
    var distinct: [Element] {
        var seen: Set<Element> = []
        return self.filter { seen.insert($0).inserted }
    }

    /// In pieces of so many at the most.
    func pieces(of count: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}

/// JSON as it is sent: the same bytes for the same value.
enum PurgeJSON {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}
