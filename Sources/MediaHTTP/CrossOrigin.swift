import HTTPTypes
import Hummingbird

/// What pages of other origins may do with deliveries (the Fetch standard): everything, and never with credentials.
/// The same for every origin, so that caches need no `Vary: Origin`.
enum CrossOrigin {
    static let anybody = "*"
    /// Besides those that scripts see anyway. Named, because `*` is young.
    static let exposedFields = "Accept-Ranges, Cache-Status, Content-Range, ETag, Repr-Digest"
    /// How long a browser need not ask again, in seconds; Firefox's limit, Chromium has two hours.
    private static let preflightSecondsMax = 86_400

    /// The answer to `OPTIONS`, whoever asks and for whatever: what is at the path does not matter.
    ///
    /// - Parameter methods: what the path takes.
    static func options(_ request: HTTPFields, methods: String) -> Response {
        var fields: HTTPFields = [
            .allow: methods, .accessControlAllowOrigin: Self.anybody, .cacheControl: "no-store",
        ]
        // A preflight (Fetch, CORS-preflight request); elsewhere these fields mean nothing.
        if request[.accessControlRequestMethod] != nil {
            fields[.accessControlAllowMethods] = "GET, HEAD"
            fields[.accessControlAllowHeaders] = "*"
            fields[.accessControlMaxAge] = String(Self.preflightSecondsMax)
        }
        return .withoutContent(.noContent, fields)
    }
}
