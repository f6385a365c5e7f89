import HTTPTypes
import Hummingbird
import MediaModel
import MediaOrigin

/// `POST /v1/assets` and `POST /v1/assets/{asset}/versions`: finds the picture in the request and hands it to
/// ``Ingest``.
///
/// All that the head tells is judged before the body is asked for, here and in `Ingest`: a client that waits for
/// `100 Continue` never sends a body in vain.
struct UploadHandler: Sendable {
    /// What a multipart body may have beside the picture: boundaries, headers, small fields.
    static let multipartOverheadBytesMax = 64 * 1024

    let ingest: Ingest
    let digests: any Digesting
    let uploadBytesMax: Int
    let baseURL: String

    func callAsFunction(
        _ incoming: IncomingBody,
        target: Upload.Target,
        query: Substring?
    ) async throws -> Response {
        let focus = try FocusField.read(query)
        let fields = incoming.fields
        let isMultipart = Self.isMultipart(fields)
        let bytesMax = self.uploadBytesMax + (isMultipart ? Self.multipartOverheadBytesMax : 0)
        let announced = try incoming.announcedBytes()
        guard announced ?? 0 <= bytesMax else { throw OriginError(.tooLarge) }
        let respondsAsync = Preferences.respondsAsync(fields)
        let upload = Upload(
            target: target,
            bytesExpected: isMultipart ? nil : announced,
            respondsAsync: respondsAsync,
            idempotencyKey: try IdempotencyKeyField.read(fields),
            focus: focus
        )
        let digest = try ContentDigest(fields)?.running(self.digests)
        var chunks = incoming.chunks(bytesMax: bytesMax, digest: digest)
        let version: AssetVersion
        if isMultipart {
            var file = try MultipartFile(chunks, contentType: fields[.contentType] ?? "")
            version = try await self.ingest(upload, body: &file)
        } else {
            version = try await self.ingest(upload, body: &chunks)
        }
        return .manifest(ofNew: version, baseURL: self.baseURL, respondsAsync: respondsAsync)
    }

    /// Throws where there is no room, by the head alone and without waiting for anything. Whatever else is to be said
    /// of the upload is said first by the call; and one with an idempotency key may have been done before.
    func refuseAtOnce(_ fields: HTTPFields) throws {
        let announced = fields[.contentLength].flatMap { Int($0) } ?? 0
        guard fields[.idempotencyKey] == nil, announced <= self.uploadBytesMax else { return }
        try self.ingest.refuseAtOnce(respondsAsync: Preferences.respondsAsync(fields))
    }

    private static func isMultipart(_ fields: HTTPFields) -> Bool {
        (fields[.contentType] ?? "").lowercased().hasPrefix("multipart/form-data")
    }
}

/// `?focus=0.4,0.25`: what matters most in the picture.
enum FocusField {
    static func read(_ query: Substring?) throws(Problem) -> FocalPoint? {
        guard let text = try QueryFields(query, names: ["focus"])["focus"] else { return nil }
        // RFC 3986 §2.2: in a query a comma may stand as it is, and many encode it.
        let plain = text.replacing("%2C", with: ",").replacing("%2c", with: ",")
        guard let focus = FocalPoint(plain) else {
            throw .badQuery(
                "'focus' is a point of the upright picture: two fractions of its width and height, as 0.4,0.25."
            )
        }
        return focus
    }
}

/// What a request prefers (RFC 7240).
enum Preferences {
    /// A list of preferences, over any number of field lines, each perhaps with parameters.
    static func respondsAsync(_ fields: HTTPFields) -> Bool {
        fields[values: .prefer].flatMap { $0.split(separator: ",") }.contains { preference in
            let name = preference.prefix { $0 != ";" }.trimmingWhitespace()
            return name.lowercased() == "respond-async"
        }
    }
}

extension Response {
    /// The answer to whoever made a version: 201 when it is ready, 202 when it is not yet.
    static func manifest(ofNew version: AssetVersion, baseURL: String, respondsAsync: Bool) -> Response {
        let isReady = version.state == .ready
        var response = Response.json(Manifest(version, baseURL: baseURL), status: isReady ? .created : .accepted)
        let asset = "/v1/assets/\(version.ref.asset)"
        let isFirst = version.ref.number == .first
        response.headers[.location] = isFirst ? asset : "\(asset)/versions/\(version.ref.number)"
        if respondsAsync, !isReady { response.headers[.preferenceApplied] = "respond-async" }
        return response
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
