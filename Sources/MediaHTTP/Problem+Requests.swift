import HTTPTypes
import NIOHTTP1

// What is wrong with a request itself: all problems but those that are errors of the use cases (`ProblemTable`).

extension Problem {
    // The head.

    static func malformedRequest(_ fault: RequestGuard.Fault) -> Problem {
        Problem(
            code: "malformed-request",
            status: .badRequest,
            title: "Malformed request",
            detail: "The head of the request breaks the rules of HTTP (\(fault.rawValue)). The connection is closed."
        )
    }

    /// What NIO's parser does not read.
    static func fault(_ fault: HTTPParserError) -> Problem {
        guard fault != .headerOverflow else { return .fieldsTooLarge }
        return Problem(
            code: "malformed-request",
            status: .badRequest,
            title: "Malformed request",
            detail: "The request breaks the rules of HTTP (\(Self.name(of: fault))). The connection is closed."
        )
    }

    static let fieldsTooLarge = Problem(
        code: "fields-too-large",
        status: .requestHeaderFieldsTooLarge,
        title: "Header fields too large",
        detail: "A request has at most \(OriginServer.headerFieldsMax) header fields and trailers, of at most "
            + "\(OriginServer.headerBytesMax) bytes together with its target. The connection is closed."
    )

    private static func name(of fault: HTTPParserError) -> String {
        switch fault {
        case .invalidMethod: "method-invalid"
        case .invalidURL: "target-invalid"
        case .invalidVersion, .invalidConstant: "version-invalid"
        case .invalidHeaderToken, .invalidCharactersUsed, .lfExpected: "field-invalid"
        case .invalidContentLength, .unexpectedContentLength: "length-invalid"
        case .invalidChunkSize: "chunk-invalid"
        case .invalidEOFState, .closedConnection: "incomplete"
        default: "syntax"
        }
    }

    static let targetTooLong = Problem(
        code: "target-too-long",
        status: .uriTooLong,
        title: "Target too long",
        detail: "A request target has at most \(RequestGuard.targetBytesMax) bytes."
    )

    static let unsupportedTransferCoding = Problem(
        code: "unsupported-transfer-coding",
        status: .badRequest,
        title: "Unsupported transfer coding",
        detail: "Send the body with Content-Length, or with 'Transfer-Encoding: chunked' and no other coding."
    )

    static let unsupportedContentCoding = Problem(
        code: "unsupported-content-coding",
        status: .unsupportedMediaType,
        title: "Unsupported content coding",
        detail: "Send the content as it is, without Content-Encoding.",
        fields: [.acceptEncoding: "identity"]
    )

    static let expectationFailed = Problem(
        code: "expectation-failed",
        status: .expectationFailed,
        title: "Expectation failed",
        detail: "The only expectation that is met is '100-continue'."
    )

    static let unauthorized = Problem(
        code: "unauthorized",
        status: .unauthorized,
        title: "Unauthorized",
        detail: "Send the API token in 'Authorization: Bearer'.",
        fields: [.wwwAuthenticate: "Bearer realm=\"image-origin\""]
    )

    static let badSignature = Problem(
        code: "bad-signature",
        status: .forbidden,
        title: "Not signed",
        detail: "A path with options in place of a preset's name needs its own signature: '?sig=…', and nothing else."
    )

    // The path, the method, the query.

    /// - Parameter detail: which paths there are.
    static func notFound(_ detail: String) -> Problem {
        Problem(code: "not-found", status: .notFound, title: "Not found", detail: detail)
    }

    static func methodNotAllowed(_ allow: String) -> Problem {
        Problem(
            code: "method-not-allowed",
            status: .methodNotAllowed,
            title: "Method not allowed",
            detail: "This path takes \(allow).",
            fields: [.allow: allow]
        )
    }

    /// - Parameter detail: what the query may be.
    static func badQuery(_ detail: String) -> Problem {
        Problem(code: "bad-query", status: .badRequest, title: "Bad query", detail: detail)
    }

    // Conditions and ranges.

    static let preconditionFailed = Problem(
        code: "precondition-failed",
        status: .preconditionFailed,
        title: "Precondition failed",
        detail: "The object is not the one that If-Match or If-Unmodified-Since names."
    )

    static func rangeNotSatisfiable(total: Int) -> Problem {
        Problem(
            code: "range-not-satisfiable",
            status: .rangeNotSatisfiable,
            title: "Range not satisfiable",
            detail: "The object has \(total) bytes.",
            fields: [.contentRange: "bytes */\(total)"]
        )
    }

    // The fields of an upload.

    static let badIdempotencyKey = Problem(
        code: "bad-idempotency-key",
        status: .badRequest,
        title: "Bad Idempotency-Key",
        detail: "Send one Idempotency-Key of 1 to 255 printable ASCII characters: in quotes, or bare where it has only "
            + "letters, digits and !#$%&'*+-.^_`|~:/."
    )

    static let badDigest = Problem(
        code: "bad-digest",
        status: .badRequest,
        title: "Bad Content-Digest",
        detail:
            "Send 'Content-Digest: sha-256=:…:' or 'sha-512=:…:', the digest of the body in base64, or no such field."
    )

    // The body.

    static let uploadTimeout = Problem(
        code: "upload-timeout",
        status: .requestTimeout,
        title: "Upload too slow",
        detail: "The body did not arrive in the time allowed. Try again on a faster connection."
    )

    static let unexpectedContent = Problem(
        code: "unexpected-content",
        status: .badRequest,
        title: "Unexpected content",
        detail: "This request takes no body. Send it without one."
    )

    static let jsonRequired = Problem(
        code: "json-required",
        status: .unsupportedMediaType,
        title: "JSON required",
        detail: "Send the body as 'Content-Type: application/json'."
    )

    /// - Parameter detail: what the document is to be.
    static func badJSON(_ detail: String) -> Problem {
        Problem(code: "bad-json", status: .badRequest, title: "Bad JSON", detail: detail)
    }

    static func bodyTooLarge(bytesMax: Int) -> Problem {
        Problem(
            code: "content-too-large",
            status: .contentTooLarge,
            title: "Content too large",
            detail: "The body of this request has at most \(bytesMax) bytes."
        )
    }

    // The admin listener.

    static func unknownService(_ names: [String]) -> Problem {
        Problem(
            code: "unknown-service",
            status: .badRequest,
            title: "Unknown service",
            detail: "The services are \(names.joined(separator: ", "))."
        )
    }

    // The control socket.

    static let unknownOperation = Problem(
        code: "unknown-operation",
        status: .notFound,
        title: "Unknown operation",
        detail: "GET /operations says which there are."
    )

    static func badOptions(_ detail: String) -> Problem {
        Problem(code: "bad-options", status: .badRequest, title: "Bad options", detail: detail)
    }

    static let operationRunning = Problem(
        code: "operation-running",
        status: .conflict,
        title: "Operation is running",
        detail: "One of that name runs already. Wait for its end, or stop the client that started it."
    )
}
