import HTTPTypes
package import Hummingbird
package import MediaMetrics
package import MediaOrigin
import NIOCore

/// The admin listener: metrics for Prometheus, liveness and readiness for whatever starts and stops the service. None
/// of it is on the public listener.
package struct AdminResponder: HTTPResponder {
    private struct Readiness: Encodable {
        /// `ready`, `unready`, or `draining` once the service was told to stop.
        let status: String
        /// `ok` or `failed` by name; the reasons are in the log.
        let checks: [String: String]
    }

    private let exposition: @Sendable (MetricsFormat) -> [UInt8]
    private let probes: DependencyProbes
    private let health: HealthHandler
    private let isDraining: @Sendable () -> Bool

    /// - Parameters:
    ///   - exposition: the metrics as a text in UTF-8.
    ///   - dependencies: what the service leans on; it is ready while all that are required can be used.
    ///   - indicators: how the objectives are kept.
    ///   - isDraining: whether the service was told to stop. It is not ready then, whatever it leans on.
    package init(
        exposition: @escaping @Sendable (MetricsFormat) -> [UInt8],
        dependencies: [Dependency],
        indicators: @escaping @Sendable () -> [Indicator],
        version: String,
        isDraining: @escaping @Sendable () -> Bool
    ) {
        self.exposition = exposition
        self.probes = DependencyProbes(dependencies)
        self.health = HealthHandler(probes: self.probes, indicators: indicators, version: version, start: .now)
        self.isDraining = isDraining
    }

    package func respond(to request: Request, context: OriginContext) async throws -> Response {
        var response = try await TextCompression.apply(to: try await self.answer(request), for: request.headers)
        if request.head.path == "/metrics" { response.headers[.vary] = "Accept, \(TextCompression.vary)" }
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request) async throws -> Response {
        do {
            return try await self.route(request)
        } catch let problem as Problem {
            return problem.response
        }
    }

    private func route(_ request: Request) async throws -> Response {
        let path = request.head.path ?? ""
        guard ["/metrics", "/livez", "/readyz", "/healthz"].contains(path) else {
            throw Problem.notFound("The admin listener has /metrics, /livez, /readyz and /healthz.")
        }
        let methods = path == "/healthz" ? HealthHandler.methods : "GET, HEAD"
        guard methods.split(separator: ", ").contains(Substring(request.method.rawValue)) else {
            throw Problem.methodNotAllowed(methods)
        }
        switch path {
        case "/metrics": return self.metrics(MetricsFormat(accept: request.headers[.accept]))
        case "/readyz": return await self.readiness()
        case "/healthz": return try await self.health(request)
        default: return Response(status: .ok, headers: .json, body: .init(byteBuffer: JSON.encode(["status": "alive"])))
        }
    }

    private func metrics(_ format: MetricsFormat) -> Response {
        let headers: HTTPFields = [.contentType: format.contentType, .cacheControl: "no-store"]
        let bytes = self.exposition(format)
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func readiness() async -> Response {
        if self.isDraining() { return Self.readiness("draining", [:]) }
        var results: [String: String] = [:]
        for (dependency, answer) in await self.probes.ask(where: \.isRequired) {
            results[dependency.name] = answer.finding.status == .unhealthy ? "failed" : "ok"
        }
        let isReady = !results.values.contains("failed")
        return Self.readiness(isReady ? "ready" : "unready", results)
    }

    private static func readiness(_ status: String, _ checks: [String: String]) -> Response {
        let body = JSON.encode(Readiness(status: status, checks: checks))
        let isReady = status == "ready"
        return Response(
            status: isReady ? .ok : .serviceUnavailable,
            headers: .json,
            body: .init(byteBuffer: body)
        )
    }
}
