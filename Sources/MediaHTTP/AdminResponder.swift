import HTTPTypes
package import Hummingbird
import Logging
import NIOCore

/// The admin listener: metrics for Prometheus, liveness and readiness for whatever starts and stops the service. None
/// of it is on the public listener.
package struct AdminResponder: HTTPResponder {
    /// One thing that must work for the service to be ready.
    package struct Check: Sendable {
        let name: String
        let run: @Sendable () async throws -> Void

        package init(name: String, run: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.run = run
        }
    }

    private struct Readiness: Encodable {
        /// `ready`, `unready`, or `draining` once the service was told to stop.
        let status: String
        /// `ok` or `failed` by name; the reasons are in the log.
        let checks: [String: String]
    }

    private let exposition: @Sendable (MetricsFormat) -> [UInt8]
    private let checks: [Check]
    private let isDraining: @Sendable () -> Bool

    /// - Parameters:
    ///   - exposition: the metrics as a text in UTF-8.
    ///   - isDraining: whether the service was told to stop. It is not ready then, whatever the checks say.
    package init(
        exposition: @escaping @Sendable (MetricsFormat) -> [UInt8],
        checks: [Check],
        isDraining: @escaping @Sendable () -> Bool
    ) {
        self.exposition = exposition
        self.checks = checks
        self.isDraining = isDraining
    }

    package func respond(to request: Request, context: OriginContext) async throws -> Response {
        var response = try await TextCompression.apply(to: await self.answer(request), for: request.headers)
        if request.head.path == "/metrics" { response.headers[.vary] = "Accept, \(TextCompression.vary)" }
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request) async -> Response {
        let path = request.head.path ?? ""
        guard ["/metrics", "/livez", "/readyz"].contains(path) else {
            return Problem.notFound("The admin listener has /metrics, /livez and /readyz.").response
        }
        guard request.method == .get || request.method == .head else {
            return Problem.methodNotAllowed("GET, HEAD").response
        }
        switch path {
        case "/metrics": return self.metrics(MetricsFormat(accept: request.headers[.accept]))
        case "/readyz": return await self.readiness()
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
        for check in self.checks {
            do {
                try await check.run()
                results[check.name] = "ok"
            } catch {
                Logger.current.warning(
                    "Not ready",
                    metadata: ["check": "\(check.name)", "error": "\(String(reflecting: error))"]
                )
                results[check.name] = "failed"
            }
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
