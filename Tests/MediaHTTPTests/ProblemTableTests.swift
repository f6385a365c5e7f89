import HTTPTypes
import Hummingbird
import Logging
import MediaModel
import MediaOrigin
import Testing

@testable import MediaHTTP

/// What each error becomes at the edge (ARCHITECTURE §3): the status, and nothing of the inside.
@Suite struct ProblemTableTests {
    static let secret = "secret-path-of-the-inside"

    static let table: [(any Error, Int)] = [
        (OriginError(.notAPicture, detail: secret), 415), (OriginError(.tooLarge, detail: secret), 413),
        (OriginError(.incompleteBody, detail: secret), 400), (OriginError(.unknownAsset, detail: secret), 404),
        (OriginError(.unknownRendition, detail: secret), 404), (OriginError(.backlogFull, detail: secret), 503),
        (RenderError(.undecodable, detail: secret), 422), (RenderError(.unsupported, detail: secret), 422),
        (RenderError(.tooManyPixels, detail: secret), 422), (RenderError(.tooManyFrames, detail: secret), 422),
        (RenderError(.sideTooLong, detail: secret), 422), (RenderError(.deadline, detail: secret), 422),
        (RenderError(.crashed, detail: secret), 422), (RenderError(.busy, detail: secret), 503),
        (RenderError(.unavailable, detail: secret), 503), (CatalogError(.unknownAsset, detail: secret), 404),
        (CatalogError(.full, detail: secret), 507), (CatalogError(.conflict, detail: secret), 500),
        (CatalogError(.corrupt, detail: secret), 500), (BlobStoreError(.full, detail: secret), 507),
        (BlobStoreError(.missing, detail: secret), 500), (BlobStoreError(.failed, detail: secret), 500),
        (KeyError(.unavailable, detail: secret), 503), (SealError(.corrupt, detail: secret), 500),
        (MultipartError(.truncated, detail: secret), 400), (CancellationError(), 499),
    ]

    @Test func everyErrorHasItsStatusAndTellsNothing() {
        for (error, status) in Self.table {
            let problem = ProblemTable.problem(for: error)
            #expect(problem.status.code == status, "\(String(reflecting: error))")
            #expect(!"\(problem.title) \(problem.detail) \(problem.code)".contains(Self.secret))
            let response = problem.response
            #expect(response.headers[.cacheControl] == "no-store")
            #expect(response.headers[.contentType] == "application/problem+json")
            #expect((response.headers[.retryAfter] != nil) == (status == 503))
        }
    }

    @Test func whatIsOursIsLoggedAsAnError() {
        for (error, status) in Self.table where status == 500 || status == 507 {
            #expect(ProblemTable.problem(for: error).level == .error)
        }
    }

    @Test(arguments: [
        ("/v1/assets", "GET, HEAD, POST"), ("/v1/assets?limit=1", "GET, HEAD, POST"),
        ("/v1/assets/01jd3m8m9x0000000000000000", "GET, HEAD"),
        ("/v1/assets/01jd3m8m9x0000000000000000/versions", "POST"),
        ("/a/01jd3m8m9x0000000000000000/v1/thumbnail.webp", "GET, HEAD"), ("/v1/assets/", ""), ("", ""),
    ])
    func everyRouteKnowsItsMethods(target: String, allow: String) {
        #expect(Route(target).allow == allow)
        #expect((Route(target) == .unknown) == allow.isEmpty)
    }
}
