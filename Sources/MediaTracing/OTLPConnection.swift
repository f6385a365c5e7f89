import AsyncHTTPClient
import FoundationEssentials
import MediaModel
import NIOCore
import NIOHTTP1

/// The collector, over HTTP.
struct OTLPConnection: Sendable {
    /// Of an answer; more is not read.
    static let answerBytesMax = 64 * 1024
    /// Of what a collector said, in a log line.
    static let quoteCharactersMax = 200

    let url: String
    let fields: [(name: String, value: String)]
    private let http: HTTPClient

    /// - Parameters:
    ///   - endpoint: without a slash at its end; spans go to `/v1/traces` below it.
    ///   - fields: sent with each export: what the collector knows us by.
    init(endpoint: String, fields: [(name: String, value: String)]) {
        self.url = endpoint + "/v1/traces"
        self.fields = fields
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(5))
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        // The export of a span is none of its own: each would beget the next.
        configuration.tracing.tracer = nil
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Throws where it is called twice.
    func close() async throws { try await self.http.shutdown() }

    /// - Throws: `CancellationError` alone.
    func send(_ body: [UInt8], within limit: Duration) async throws -> ExportAnswer {
        do {
            return try await withThrowingTaskGroup(of: ExportAnswer.self) { group in
                group.addTask { try await self.exchange(body, within: limit) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return .later("no answer in \(limit)", retryAfter: nil)
                }
                defer { group.cancelAll() }
                return try await group.next() ?? .later("no answer", retryAfter: nil)
            }
        } catch {
            try Task.checkCancellation()
            return .later(String(reflecting: error), retryAfter: nil)
        }
    }

    private func exchange(_ body: [UInt8], within limit: Duration) async throws -> ExportAnswer {
        var request = HTTPClientRequest(url: self.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "mediad/\(Product.version)")
        for (name, value) in self.fields { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        let response = try await self.http.execute(request, deadline: .now() + TimeAmount(limit))
        var answer: [UInt8] = []
        for try await part in response.body {
            let room = Self.answerBytesMax - answer.count
            answer += part.readableBytesView.prefix(room)
            if part.readableBytes >= room { break }
        }
        let retryAfter = response.headers.first(name: "Retry-After").flatMap { UInt32($0) }
        return Self.answer(Int(response.status.code), answer, retryAfter: retryAfter.map { .seconds(Int64($0)) })
    }

    /// What a collector's answer means (OTLP specification, "OTLP/HTTP Response").
    static func answer(_ status: Int, _ body: [UInt8], retryAfter: Duration?) -> ExportAnswer {
        switch status {
        case 200..<300:
            let partial = (try? JSONDecoder().decode(Taken.self, from: Data(body)))?.partialSuccess
            return .taken(rejected: partial?.rejected ?? 0, Self.quote(Array((partial?.errorMessage ?? "").utf8)))
        case 429, 502, 503, 504: return .later("\(status) \(Self.quote(body))", retryAfter: retryAfter)
        default: return .refused("\(status) \(Self.quote(body))")
        }
    }

    private static func quote(_ body: [UInt8]) -> String {
        let said = body.prefix(Self.quoteCharactersMax).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: " ") }
        return String(decoding: said, as: UTF8.self)
    }

    /// `ExportTraceServiceResponse`. A 64-bit number may be a text.
    private struct Taken: Decodable {
        struct Partial: Decodable {
            let rejectedSpans: Number?
            let errorMessage: String?

            var rejected: Int { self.rejectedSpans?.value ?? 0 }
        }

        struct Number: Decodable {
            let value: Int

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                self.value = try (try? container.decode(Int.self)) ?? Int(container.decode(String.self)) ?? 0
            }
        }

        let partialSuccess: Partial?
    }
}
