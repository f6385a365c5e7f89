import HTTPTypes
package import Hummingbird
import Logging
import MediaModel
import MediaOrigin
import NIOCore
import NIOHTTP1
import Tracing

/// What Hummingbird makes for each request.
package struct OriginContext: InitializableFromSource, Sendable {
    private let channel: any Channel

    package init(source: ApplicationRequestContextSource) { self.channel = source.channel }

    /// Tells whoever counts the answer what its bytes do not say.
    func note(_ note: AnswerNote) { self.channel.triggerUserOutboundEvent(note, promise: nil) }

    /// Sends `100 Continue` where the client waits for it.
    func wantBody() { self.channel.triggerUserOutboundEvent(ExpectContinueHandler.BodyWanted(), promise: nil) }
}

/// Answers every request of the public listener: framing, route, method, token, handler; one error table at the end.
package struct OriginResponder: HTTPResponder {
    let hotPath: HotPath
    let upload: UploadHandler
    let delivery: DeliveryHandler
    let original: OriginalHandler
    let assets: AssetHandler
    let life: LifeHandler
    let bearer: BearerCheck
    /// Knows signed paths; nil: there are none.
    let recipeSigner: RecipeSigner?
    /// How long the body of a request may take to arrive.
    let bodyTimeout: Duration
    let meters: HTTPMeters
    let slowRequests: SlowRequests
    let tracing: RequestTracing
    /// The trace that follows the current task, where that is kept.
    let traceID: @Sendable () -> String?

    package func respond(to request: Request, context: OriginContext) async throws -> Response {
        let start = ContinuousClock.now
        let target = RequestTarget(request.head.path ?? "")
        let id = RequestID(request.headers)
        let times = self.slowRequests.times(of: target.route)
        return try await withLogger(Logger.current.of(id)) { _ in
            try await self.tracing.serve(request, target, id) { span in
                self.note(id, context)
                let response = try await StageTimes.$current.withValue(times) {
                    try await self.respond(to: request, target, id, context, span)
                }
                self.slowRequests.note(request.head, target.route, since: start, response.status, times)
                return response
            }
        }
    }

    /// Says who is answered to whoever counts the answer, if that is of use.
    private func note(_ id: RequestID, _ context: OriginContext) {
        let note = AnswerNote(
            traceID: self.traceID(),
            requestID: self.meters.wantsRequestIDs ? id.description : nil
        )
        if note.traceID != nil || note.requestID != nil { context.note(note) }
    }

    /// The answer, called by its request's id where that goes with it.
    private func respond(
        to request: Request,
        _ target: RequestTarget,
        _ id: RequestID,
        _ context: OriginContext,
        _ span: (any Span)?
    ) async throws -> Response {
        let incoming = IncomingBody(
            body: request.body,
            fields: request.headers,
            timeout: self.bodyTimeout,
            wanted: { if request.headers[.expect] != nil { context.wantBody() } }
        )
        do {
            var response = try await self.answer(request, target, incoming, context)
            // A delivery is kept by caches, where the id of whoever came first says nothing to the others; so only who
            // has sent one is told (docs/decisions/0025).
            if target.route.deliveryPath == nil || id.isGiven { response.headers[.xRequestID] = id.description }
            return response
        } catch let error as HTTPParserError {
            // The body broke the rules of HTTP; Hummingbird answers 400 and closes, and FaultAnswerHandler says it.
            throw error
        } catch {
            let problem = self.refuse(request.head, target.route, error, id)
            span?.refused(problem, because: error)
            if let note = problem.note { context.note(note) }
            return try await Self.refusal(problem, of: target.route, request)
        }
    }

    /// What an upload is told that there is no room for (``PromptRefusalHandler``). Nil: it is for
    /// ``respond(to:context:)`` to answer, as is all that is wrong with a request itself.
    @Sendable func promptRefusal(of head: HTTPRequest) -> Problem? {
        let target = RequestTarget(head.path ?? "")
        guard head.method == .post, target.route.isForUploads, (try? self.checkHead(head, target)) != nil else {
            return nil
        }
        do {
            try self.upload.refuseAtOnce(head.headerFields)
            return nil
        } catch {
            let id = RequestID(head.headerFields)
            var problem = withLogger(Logger.current.of(id)) { _ in self.refuse(head, target.route, error, id) }
            problem.fields[.vary] = TextCompression.vary
            return problem
        }
    }

    private func answer(
        _ request: Request,
        _ target: RequestTarget,
        _ incoming: IncomingBody,
        _ context: OriginContext
    ) async throws -> Response {
        try self.checkHead(request.head, target)
        if case .delivery(let path) = target.route {
            guard request.method != .options else {
                return CrossOrigin.options(request.headers, methods: target.route.allow)
            }
            return try await self.delivery(request, path: path, noting: context.note)
        }
        if case .original(let ref) = target.route { return try await self.original(request, ref, noting: context.note) }
        return try await Self.finished(try await self.answerAPI(request.method, target, incoming), for: request)
    }

    /// All that can be said from the head alone, whatever the route does.
    private func checkHead(_ head: HTTPRequest, _ target: RequestTarget) throws {
        try RequestGuard.check(head)
        // An API without a token is meant for this machine alone; but a proxy on it passes `/a/…` on for the world.
        if case .original = target.route, self.bearer.token == nil { throw Self.noOriginals }
        if target.route.needsToken { try self.bearer.check(head) }
        // Its target is no path, and there is nothing it could be done to.
        guard head.method != .connect else { throw Problem.methodNotAllowed("GET, HEAD") }
        guard target.route != .unknown else { throw Self.notFound }
        guard target.route.methods.contains(head.method) else { throw Problem.methodNotAllowed(target.route.allow) }
        if case .delivery(let path) = target.route, path.isSigned { try self.checkSignature(of: path, target.query) }
        guard target.query == nil || target.route.takesQuery(head.method) else {
            throw Problem.badQuery("This request takes no query.")
        }
        // Told before there is any talk of room for a picture.
        if target.route.isForUploads, head.method == .post { _ = try FocusField.read(target.query) }
    }

    /// Before anything is looked up: who has no signature is not told what there is, and costs nothing.
    private func checkSignature(of path: DeliveryPath, _ query: Substring?) throws {
        guard let recipeSigner = self.recipeSigner else { throw Self.notFound }
        guard try recipeSigner.accepts(path, query: query) else { throw Problem.badSignature }
    }

    /// HEAD is answered as GET is.
    private func answerAPI(
        _ method: HTTPRequest.Method,
        _ target: RequestTarget,
        _ incoming: IncomingBody
    ) async throws -> Response {
        switch (target.route, method) {
        case (.assets, .post): try await self.upload(incoming, target: .newAsset, query: target.query)
        case (.assets, _): try await self.assets.page(query: target.query)
        case (.asset(let asset), .delete): try await self.life.delete(asset, query: target.query, incoming)
        case (.asset(let asset), _): try await self.assets.one(asset)
        case (.undelete(let asset), _): try await self.life.undelete(asset, incoming)
        case (.reprocess(let asset), _): try await self.life.reprocess(asset, query: target.query, incoming)
        case (.latest(let asset), _): try await self.life.setLatest(asset, incoming)
        case (.versions(let asset), .post):
            try await self.upload(incoming, target: .newVersion(of: asset), query: target.query)
        case (.versions(let asset), _): try await self.assets.versions(of: asset, query: target.query)
        case (.version(let ref), _): try await self.assets.version(ref)
        case (.delivery, _), (.original, _), (.unknown, _): throw Self.notFound
        }
    }

    /// The edge: the only place that logs an error, with its cause, and says to the client what the table allows.
    private func refuse(_ request: HTTPRequest, _ route: Route, _ error: any Error, _ id: RequestID) -> Problem {
        var problem = ProblemTable.problem(for: error)
        var metadata: Logger.Metadata = ["route": "\(route.template)", "method": "\(request.method)"]
        if let picture = route.picture { metadata["path"] = "\(picture)" }
        Logger.current.log(
            level: problem.level,
            "Request refused",
            metadata: metadata.merging(problem.metadata(because: error)) { $1 }
        )
        problem.fields[.xRequestID] = id.description
        // A page that shows a picture of ours may want to know that it is gone.
        if case .delivery(let path) = route {
            problem.fields[.accessControlAllowOrigin] = CrossOrigin.anybody
            if path.isNegotiated { problem.fields[.vary] = DeliveryHeaders.vary }
        }
        return problem
    }

    private static func refusal(_ problem: Problem, of route: Route, _ request: Request) async throws -> Response {
        guard case .delivery = route else { return try await Self.finished(problem.response, for: request) }
        return request.method == .head ? problem.response.createHeadResponse() : problem.response
    }

    /// What an answer of the API is on the wire.
    private static func finished(_ response: Response, for request: Request) async throws -> Response {
        let response = try await TextCompression.apply(to: response, for: request.headers)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static let noOriginals = Problem.notFound("This service gives no originals out.")
    private static let notFound = Problem.notFound(
        "Nothing is at this path. Paths have one spelling: check it letter by letter."
    )
}
