import FoundationEssentials
import HTTPTypes
import Hummingbird
import MediaMetrics
import MediaOrigin

/// `/healthz`: how the service is, for people and for what watches it. `GET` is short; `POST` says which dependencies,
/// and in what detail.
struct HealthHandler: Sendable {
    static let methods = "GET, HEAD, POST"
    /// Bytes of the document of a `POST`.
    static let documentBytesMax = 4096
    /// How long that may take to arrive.
    static let documentTimeout = Duration.seconds(10)

    let probes: DependencyProbes
    let indicators: @Sendable () -> [Indicator]
    let version: String
    let start: ContinuousClock.Instant

    func callAsFunction(_ request: Request) async throws -> Response {
        guard request.method == .post else { return await self.answer(HealthQuestion()) }
        return await self.answer(try await self.question(in: request))
    }

    private func answer(_ question: HealthQuestion) async -> Response {
        let answers = await self.probes.ask { question.services?.contains($0.name) ?? true }
        let report = HealthReport(
            answers,
            self.indicators(),
            version: self.version,
            uptime: ContinuousClock.now - self.start,
            isDetailed: question.includeDetails
        )
        return Response(
            status: report.status == .unhealthy ? .serviceUnavailable : .ok,
            headers: .json,
            body: .init(byteBuffer: JSON.encode(report))
        )
    }

    private func question(in request: Request) async throws -> HealthQuestion {
        let incoming = IncomingBody(
            body: request.body,
            fields: request.headers,
            timeout: Self.documentTimeout,
            wanted: {}
        )
        let document = try await incoming.json(bytesMax: Self.documentBytesMax)
        let question: HealthQuestion
        do {
            question = try JSONDecoder().decode(HealthQuestion.self, from: document)
        } catch is DecodingError {
            throw Problem.badJSON(
                "Send {\"includeDetails\": true, \"services\": [\"\(self.probes.names.joined(separator: "\", \""))\"]} "
                    + "and nothing else; both may be left out."
            )
        }
        guard question.services?.isSubset(of: self.probes.names) ?? true else {
            throw Problem.unknownService(self.probes.names)
        }
        return question
    }
}

/// `{"includeDetails": true, "services": ["catalog"]}`: what is asked.
struct HealthQuestion: Decodable {
    /// Whether latencies, messages and windows are wanted.
    var includeDetails = false
    /// The dependencies that are to be asked; nil: all.
    var services: Set<String>?

    private struct Key: CodingKey {
        static let includeDetails = Key("includeDetails")
        static let services = Key("services")

        let stringValue: String
        var intValue: Int? { nil }

        init(_ text: String) { self.stringValue = text }

        init?(stringValue: String) { self.init(stringValue) }

        init?(intValue: Int) { nil }
    }

    init() {}

    /// Another field is refused: it asks for something that would not be answered.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let known = [Key.includeDetails, .services].map(\.stringValue)
        guard let first = container.allKeys.first(where: { !known.contains($0.stringValue) }) else {
            self.includeDetails = try container.decodeIfPresent(Bool.self, forKey: .includeDetails) ?? false
            self.services = try container.decodeIfPresent([String].self, forKey: .services).map(Set.init)
            return
        }
        throw DecodingError.dataCorruptedError(forKey: first, in: container, debugDescription: "")
    }
}
