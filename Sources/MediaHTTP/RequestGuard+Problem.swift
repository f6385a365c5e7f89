import HTTPTypes

extension RequestGuard {
    /// Refuses what ``inspect(_:)`` does not accept.
    static func check(_ request: HTTPRequest) throws(Problem) {
        if let problem = Self.problem(for: Self.inspect(request)) { throw problem }
    }

    private static func problem(for verdict: Verdict) -> Problem? {
        switch verdict {
        // The route knows which methods there are instead.
        case .accept, .methodRefused: nil
        case .malformed(let fault):
            Problem(
                code: "malformed-request",
                status: .badRequest,
                title: "Malformed request",
                detail:
                    "The head of the request breaks the rules of HTTP (\(fault.rawValue)). The connection is closed."
            )
        case .targetTooLong:
            Problem(
                code: "target-too-long",
                status: .uriTooLong,
                title: "Target too long",
                detail: "A request target has at most \(Self.targetBytesMax) bytes."
            )
        case .unsupportedTransferCoding:
            Problem(
                code: "unsupported-transfer-coding",
                status: .notImplemented,
                title: "Unsupported transfer coding",
                detail: "Send the body with Content-Length, or with 'Transfer-Encoding: chunked' and no other coding."
            )
        case .unsupportedContentCoding:
            Problem(
                code: "unsupported-content-coding",
                status: .unsupportedMediaType,
                title: "Unsupported content coding",
                detail: "Send the picture as it is, without Content-Encoding.",
                fields: [.acceptEncoding: "identity"]
            )
        case .expectationFailed:
            Problem(
                code: "expectation-failed",
                status: .expectationFailed,
                title: "Expectation failed",
                detail: "The only expectation that is met is '100-continue'."
            )
        }
    }
}
