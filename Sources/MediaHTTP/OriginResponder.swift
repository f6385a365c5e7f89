package import HTTPTypes
package import Hummingbird
import Logging
import MediaModel
import MediaOrigin
import NIOHTTP1

/// What Hummingbird makes for each request; this service keeps nothing in it.
package struct OriginContext: InitializableFromSource, Sendable {
    package init(source: ApplicationRequestContextSource) {}
}

/// Answers every request of the public listener: framing, route, method, token, handler; one error table at the end.
package struct OriginResponder: HTTPResponder {
    let upload: UploadHandler
    let delivery: DeliveryHandler
    let assets: AssetHandler
    let bearer: BearerCheck
    let meters: HTTPMeters

    package func respond(to request: Request, context: OriginContext) async throws -> Response {
        let route = Route(request.head.path ?? "")
        let measured = self.meters.begin(route: route, method: request.method)
        do {
            let response = try await self.answer(request, route, measured)
            self.meters.end(measured, response)
            return response
        } catch let error as HTTPParserError {
            // The body broke the rules of HTTP; Hummingbird answers 400 and closes.
            self.meters.end(measured, status: .badRequest, bytes: 0)
            throw error
        } catch {
            let response = self.refuse(request, route, error)
            self.meters.end(measured, response)
            return response
        }
    }

    private func answer(_ request: Request, _ route: Route, _ measured: HTTPMeters.Measured) async throws -> Response {
        try self.checkHead(request.head, route)
        let received = { @Sendable (bytes: Int) in self.meters.received(bytes, by: measured) }
        switch (route, request.method) {
        case (.delivery(let path), .get), (.delivery(let path), .head):
            return try await self.delivery(request, path: path)
        case (.assets(nil), .post): return try await self.upload(request, target: .newAsset, received: received)
        case (.assets, .post): throw AssetHandler.badQuery("An upload takes no query.")
        case (.versions(let asset), .post):
            return try await self.upload(request, target: .newVersion(of: asset), received: received)
        case (.assets(let query), .get): return try await self.assets.page(query: query)
        case (.assets(let query), .head): return try await self.assets.page(query: query).createHeadResponse()
        case (.asset(let id), .get): return try await self.assets.one(id)
        case (.asset(let id), .head): return try await self.assets.one(id).createHeadResponse()
        case (.unknown, _): throw Self.notFound
        default: throw Self.methodNotAllowed(route)
        }
    }

    /// All that can be said from the head alone. It is also asked before `100 Continue`, so that a client that waits
    /// for it never sends a body in vain.
    func checkHead(_ head: HTTPRequest, _ route: Route) throws {
        try RequestGuard.check(head)
        if route.isAPI { try self.bearer.check(head) }
    }

    /// Whether the body of a request that asked for `100 Continue` is wanted.
    package func wantsBody(of head: HTTPRequest) -> Bool {
        let route = Route(head.path ?? "")
        switch route {
        case .assets(query: nil), .versions: break
        default: return false
        }
        guard head.method == .post else { return false }
        do {
            try self.checkHead(head, route)
            try self.upload.checkAnnouncedSize(head)
            return true
        } catch {
            // The request itself is refused with the reason, without its body.
            return false
        }
    }

    /// The edge: the only place that logs an error, with its cause, and says to the client what the table allows.
    private func refuse(_ request: Request, _ route: Route, _ error: any Error) -> Response {
        let problem = ProblemTable.problem(for: error)
        Logger.current.log(
            level: problem.level,
            "Request refused",
            metadata: [
                "route": "\(route.template)", "method": "\(request.method)", "status": "\(problem.status.code)",
                "problem": "\(problem.code)", "error": "\(String(reflecting: error))",
            ]
        )
        let response = problem.response
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static let notFound = Problem(
        code: "not-found",
        status: .notFound,
        title: "Not found",
        detail: "Nothing is at this path. Paths have one spelling: check it letter by letter."
    )

    private static func methodNotAllowed(_ route: Route) -> Problem {
        Problem(
            code: "method-not-allowed",
            status: .methodNotAllowed,
            title: "Method not allowed",
            detail: "This path takes \(route.allow).",
            fields: [.allow: route.allow]
        )
    }
}
