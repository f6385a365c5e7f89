import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// An error as a client sees it: RFC 9457's problem details. Stable `type`, public text, nothing of the inside.
struct Problem: Error, Sendable {
    /// The code is the last part of `type`; clients decide by it.
    let code: String
    let status: HTTPResponse.Status
    let title: String
    /// What happened and what to do next.
    var detail: String
    /// How loudly the edge logs it.
    var level = Logger.Level.debug
    /// Seconds; sent with 503.
    var retryAfterSeconds: Int?
    /// Header fields that the status requires (`Allow`, `Content-Range`, `WWW-Authenticate`).
    var fields = HTTPFields()
    /// The problem type where the IANA registry has one; else ours.
    var registeredType: String?

    /// The prefix of our own problem types.
    static let typePrefix = "urn:image-origin:problem:"

    private struct Body: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
    }

    var response: Response {
        var headers = self.fields
        headers[.contentType] = "application/problem+json"
        // An error that a CDN keeps for a year is worse than the error (FIELD.md §3, number 6).
        headers[.cacheControl] = "no-store"
        headers[.xContentTypeOptions] = "nosniff"
        if let seconds = self.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
        let body = Body(
            type: self.registeredType ?? Self.typePrefix + self.code,
            title: self.title,
            status: self.status.code,
            detail: self.detail
        )
        return Response(status: self.status, headers: headers, body: .init(byteBuffer: JSON.encode(body)))
    }
}

/// JSON as all our answers are written: keys in order, slashes as they are.
enum JSON {
    static func encode(_ value: some Encodable) -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Our answers are structs of strings and numbers, which always encode.
        guard let data = try? encoder.encode(value) else { preconditionFailure("an answer did not encode as JSON") }
        return ByteBuffer(bytes: data)
    }
}

extension HTTPField.Name {
    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("'\(name)' is no field name") }
        return name
    }

    static let cacheTag = Self.known("Cache-Tag")
    static let surrogateKey = Self.known("Surrogate-Key")
    static let crossOriginResourcePolicy = Self.known("Cross-Origin-Resource-Policy")
    static let timingAllowOrigin = Self.known("Timing-Allow-Origin")
    static let prefer = Self.known("Prefer")
    static let preferenceApplied = Self.known("Preference-Applied")
}
