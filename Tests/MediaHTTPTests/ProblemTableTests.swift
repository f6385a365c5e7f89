import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import MediaModel
import MediaOrigin
import MediaTesting
import Testing

@testable import MediaHTTP

/// What each error becomes at the edge (ARCHITECTURE §3): the status, and nothing of the inside.
@Suite struct ProblemTableTests {
    static let secret = "secret-path-of-the-inside"

    static let table: [(any Error, Int)] = [
        (OriginError(.notAPicture, detail: secret), 415), (OriginError(.tooLarge, detail: secret), 413),
        (OriginError(.incompleteBody, detail: secret), 400), (OriginError(.unknownAsset, detail: secret), 404),
        (OriginError(.unknownRendition, detail: secret), 404), (OriginError(.backlogFull, detail: secret), 503),
        (OriginError(.renditionPending, detail: secret), 503),
        (OriginError(.unknownVersion, detail: secret), 404), (OriginError(.gone, detail: secret), 410),
        (OriginError(.versionNotReady, detail: secret), 409), (OriginError(.idempotencyMismatch, detail: secret), 422),
        (OriginError(.idempotencyRunning, detail: secret), 409), (OriginError(.digestMismatch, detail: secret), 400),
        (OriginError(.storageFull, detail: secret), 507), (OriginError(.sourceDamaged, detail: secret), 409),
        (RenderError(.undecodable, detail: secret), 422), (RenderError(.unsupported, detail: secret), 422),
        (RenderError(.tooManyPixels, detail: secret), 422), (RenderError(.tooManyFrames, detail: secret), 422),
        (RenderError(.sideTooLong, detail: secret), 422), (RenderError(.deadline, detail: secret), 422),
        (RenderError(.crashed, detail: secret), 422), (RenderError(.quarantined, detail: secret), 422),
        (RenderError(.busy, detail: secret), 503),
        (RenderError(.unavailable, detail: secret), 503), (CatalogError(.unknownAsset, detail: secret), 404),
        (CatalogError(.unknownVersion, detail: secret), 404), (CatalogError(.gone, detail: secret), 410),
        (CatalogError(.keyTaken, detail: secret), 409), (CatalogError(.quotaExceeded, detail: secret), 507),
        (CatalogError(.keyRetired, detail: secret), 503), (CatalogError(.keyInUse, detail: secret), 500),
        (CatalogError(.full, detail: secret), 507), (CatalogError(.conflict, detail: secret), 500),
        (CatalogError(.corrupt, detail: secret), 500), (BlobStoreError(.full, detail: secret), 507),
        (BlobStoreError(.missing, detail: secret), 500), (BlobStoreError(.failed, detail: secret), 500),
        (KeyError(.unavailable, detail: secret), 503), (KeyError(.unreachable, detail: secret), 503),
        (KeyError(.throttled, detail: secret), 503), (KeyError(.disabled, detail: secret), 503),
        (KeyError(.denied, detail: secret), 503), (KeyError(.mismatch, detail: secret), 500),
        (SealError(.corrupt, detail: secret), 500),
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
            let mayRetry = status == 503 || problem.code == "idempotency-key-in-use"
            #expect((response.headers[.retryAfter] != nil) == mayRetry, "\(problem.code)")
        }
    }

    /// RELIABILITY §1.12: 1 to 5 s, spread.
    @Test(
        arguments: [
            (nil, 1...3), (.zero, 1...3), (.milliseconds(200), 1...3), (.milliseconds(1001), 2...4),
            (.seconds(3), 3...5),
            (.seconds(1_000_000), 3...5), (.seconds(-5), 1...3),
        ] as [(Duration?, ClosedRange<Int>)]
    )
    func whoeverIsRefusedForWantOfRoomIsToldWhenToComeBack(hint: Duration?, seconds: ClosedRange<Int>) {
        let busy = RenderError(.busy, detail: "", retryAfter: hint)
        let told = (0..<200).compactMap { _ in ProblemTable.problem(for: busy).retryAfterSeconds }
        #expect(Set(told) == Set(seconds))
    }

    @Test func whatIsOursIsLoggedAsAnError() {
        for (error, status) in Self.table where status == 500 || status == 507 {
            let problem = ProblemTable.problem(for: error)
            // A quota that is used up is nobody's fault.
            #expect(problem.level == (problem.code == "quota-exceeded" ? .notice : .error))
        }
        for code in [KeyError.Code.disabled, .denied, .mismatch, .unavailable, .unreachable] {
            #expect(ProblemTable.problem(for: KeyError(code, detail: "")).level == .error)
        }
        #expect(ProblemTable.problem(for: OriginError(.sourceDamaged)).level == .error)
    }

    @Test func anAnswerWithoutContentHasNoLength() {
        for status in [HTTPResponse.Status.noContent, .notModified] {
            #expect(Response.withoutContent(status, [.age: "1"]).headers == [.age: "1"])
        }
    }

    /// Codes that a client is told nothing of but that it was our fault.
    static let withinTheService: Set<String> = [
        // A caller in the service got an order of calls wrong, or two raced where one of them cannot win.
        "catalog.conflict",
        // Only operators retire keys, and they use the control socket.
        "catalog.envelope-key-in-use",
        // Ends the process.
        "catalog.sync-failed", "store.sync-failed",
        // Stop the start.
        "catalog.newer", "keys.bad-key-ring", "keys.bad-key-mirror", "store.in-use",
        "catalog.corrupt", "catalog.failed", "store.missing", "store.truncated", "store.failed", "keys.key-mismatch",
        "keys.key-operation-unsupported",
    ]

    /// Every code that the modules' errors have, read off their sources: one that is new must be thought about here.
    @Test func everyCodeIsInTheTableOrMeantNotToBe() throws {
        let sources = [
            ("origin", "MediaOrigin/OriginError.swift"), ("catalog", "MediaModel/Ports/Catalog.swift"),
            ("keys", "MediaModel/Ports/KeyProvider.swift"), ("render", "MediaModel/Ports/Renderer.swift"),
            ("store", "MediaModel/Ports/BlobStore.swift"),
        ]
        var codes: Set<String> = []
        for (module, path) in sources {
            let file = SharedData.checkout.appending(path: "Sources/\(path)")
            let found = try String(contentsOf: file, encoding: .utf8).matches(of: /Code\(description: "([a-z-]+)"\)/)
            #expect(found.count >= 5, "\(path) declares its codes in another way")
            codes.formUnion(found.map { "\(module).\($0.1)" })
        }
        let table = Set(ProblemTable.rows.keys).subtracting(["multipart"])
        #expect(codes.subtracting(table).subtracting(Self.withinTheService).sorted() == [])
        #expect(table.union(Self.withinTheService).subtracting(codes).sorted() == [], "there is no such code")
        #expect(table.isDisjoint(with: Self.withinTheService))
    }
}
