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
        case .malformed(let fault): .malformedRequest(fault)
        case .targetTooLong: .targetTooLong
        case .unsupportedTransferCoding: .unsupportedTransferCoding
        case .unsupportedContentCoding: .unsupportedContentCoding
        case .expectationFailed: .expectationFailed
        }
    }
}
