import HTTPTypes
import Hummingbird
import MediaModel
import MediaOrigin
import NIOCore

/// `POST /v1/assets` and `POST /v1/assets/{asset}/versions`: finds the picture in the request and hands it to
/// ``Ingest``.
struct UploadHandler: Sendable {
    /// What a multipart body may have beside the picture: boundaries, headers, small fields.
    static let multipartOverheadBytesMax = 64 * 1024

    let ingest: Ingest
    let uploadBytesMax: Int
    /// How long the body of an upload may take to arrive.
    let uploadTimeout: Duration
    let baseURL: String

    /// - Parameter received: told of the body's bytes as they arrive.
    func callAsFunction(
        _ request: Request,
        target: Upload.Target,
        received: @escaping @Sendable (Int) -> Void
    ) async throws -> Response {
        try self.checkAnnouncedSize(request.head)
        let respondsAsync = Self.prefersAsync(request.headers)
        let chunks = RequestChunks(
            request.body,
            bytesMax: self.bodyBytesMax(request.headers),
            deadline: ContinuousClock.now + self.uploadTimeout,
            received: received
        )
        let version: AssetVersion
        if Self.isMultipart(request.headers) {
            let upload = Upload(target: target, bytesExpected: nil, respondsAsync: respondsAsync)
            var body = try MultipartFile(chunks, contentType: request.headers[.contentType] ?? "")
            version = try await self.ingest(upload, body: &body)
        } else {
            let announced = try Self.announcedBytes(request.headers)
            let upload = Upload(target: target, bytesExpected: announced, respondsAsync: respondsAsync)
            var body = chunks
            version = try await self.ingest(upload, body: &body)
        }
        return self.answer(version, wasAsync: respondsAsync)
    }

    /// Refuses a body that says itself that it is too large, before any of it is read or asked for.
    func checkAnnouncedSize(_ head: HTTPRequest) throws {
        guard let announced = try Self.announcedBytes(head.headerFields) else { return }
        guard announced <= self.bodyBytesMax(head.headerFields) else { throw OriginError(.tooLarge) }
    }

    private func bodyBytesMax(_ fields: HTTPFields) -> Int {
        self.uploadBytesMax + (Self.isMultipart(fields) ? Self.multipartOverheadBytesMax : 0)
    }

    /// Nil without `Content-Length`. The parser lets digits through only; what does not fit is too large.
    private static func announcedBytes(_ fields: HTTPFields) throws -> Int? {
        guard let text = fields[.contentLength] else { return nil }
        guard let bytes = Int(text) else { throw OriginError(.tooLarge) }
        return bytes
    }

    private func answer(_ version: AssetVersion, wasAsync: Bool) -> Response {
        var headers = HTTPFields.json
        headers[.location] = "/v1/assets/\(version.ref.asset)"
        if wasAsync { headers[.preferenceApplied] = "respond-async" }
        let manifest = JSON.encode(Manifest(version, baseURL: self.baseURL))
        let status: HTTPResponse.Status = version.state == .ready ? .created : .accepted
        return Response(status: status, headers: headers, body: .init(byteBuffer: manifest))
    }

    private static func isMultipart(_ fields: HTTPFields) -> Bool {
        (fields[.contentType] ?? "").lowercased().hasPrefix("multipart/form-data")
    }

    /// RFC 7240: a list of preferences, over any number of field lines, each perhaps with parameters.
    private static func prefersAsync(_ fields: HTTPFields) -> Bool {
        fields[values: .prefer].flatMap { $0.split(separator: ",") }.contains { preference in
            let name = preference.split(separator: ";")[0].trimmingWhitespace()
            return name.lowercased() == "respond-async"
        }
    }
}

extension StringProtocol {
    /// Without the spaces and tabs around it (RFC 9110's OWS).
    func trimmingWhitespace() -> SubSequence {
        var text = self[...]
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
