import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// An error as a client sees it: RFC 9457's problem details. Stable `type`, public text, nothing of the inside.
struct Problem: Error, Sendable {
    /// The last part of `type`, unless that is a registered one; for logs.
    let code: String
    let status: HTTPResponse.Status
    let title: String
    /// What happened and what to do next.
    var detail: String
    /// How loudly the edge logs it.
    var level = Logger.Level.debug
    /// Seconds until the same request may be answered otherwise.
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

    /// The problem type; clients decide by it.
    var type: String { self.registeredType ?? Self.typePrefix + self.code }

    var headers: HTTPFields {
        var headers = self.fields
        headers[.contentType] = "application/problem+json"
        // An error that a CDN keeps for a year is worse than the error (FIELD.md §3, number 6).
        headers[.cacheControl] = "no-store"
        headers[.xContentTypeOptions] = "nosniff"
        if let seconds = self.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
        return headers
    }

    /// What a line in the log says of it.
    func metadata(because error: any Error) -> Logger.Metadata {
        ["status": "\(self.status.code)", "problem": "\(self.code)", "error": "\(String(reflecting: error))"]
    }

    /// What whoever counts the answer is told of it; nil where that makes no difference.
    var note: AnswerNote? {
        self.status.kind == .serverError ? AnswerNote(problem: self.code) : nil
    }

    /// The problem document.
    var document: ByteBuffer {
        JSON.encode(Body(type: self.type, title: self.title, status: self.status.code, detail: self.detail))
    }

    /// What a handler of a channel writes where the problem never comes to the responder.
    var parts: (head: HTTPResponse, document: ByteBuffer) {
        let document = self.document
        var fields = self.headers
        fields[.contentLength] = String(document.readableBytes)
        fields[.date] = HTTPDates.format(unixSeconds: HTTPDates.now)
        return (HTTPResponse(status: self.status, headerFields: fields), document)
    }

    var response: Response {
        Response(status: self.status, headers: self.headers, body: .init(byteBuffer: self.document))
    }
}

extension Problem: CustomStringConvertible, CustomDebugStringConvertible {
    var description: String { "http: \(self.code)" }
    /// With the detail: for logs.
    var debugDescription: String { "\(self), \(self.detail)" }
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

    static let xRequestID = Self.known("X-Request-Id")
    static let cacheStatus = Self.known("Cache-Status")
    static let noCompression = Self.known("X-No-Compression")
    static let serverTiming = Self.known("Server-Timing")
    static let crossOriginResourcePolicy = Self.known("Cross-Origin-Resource-Policy")
    static let timingAllowOrigin = Self.known("Timing-Allow-Origin")
    static let contentDigest = Self.known("Content-Digest")
    static let idempotencyKey = Self.known("Idempotency-Key")
    static let prefer = Self.known("Prefer")
    static let preferenceApplied = Self.known("Preference-Applied")
    static let reprDigest = Self.known("Repr-Digest")
}
