import FoundationEssentials
import HTTPTypes
import Hummingbird
import MediaModel
import MediaOrigin

/// `GET` and `HEAD` of `/a/{asset}/v{n}/original`: the picture as it was uploaded, for those who have the API's token.
/// A service without one gives none out (``OriginResponder``).
///
/// It may say where and by whom it was taken, and it is whatever a stranger has made: no cache may keep it, no page may
/// show it, and a browser saves it. Its bytes are never in the memory cache, so nothing below the router knows of it.
struct OriginalHandler: Sendable {
    let deliver: Deliver

    /// - Parameter note: told of a body that cannot be read to its end.
    func callAsFunction(
        _ request: Request,
        _ ref: VersionRef,
        noting note: @escaping @Sendable (AnswerNote) -> Void
    ) async throws -> Response {
        let version = try await self.deliver.original(ref)
        let total = version.source.bytes
        let common = Self.headers(of: version)
        let conditions = ConditionalRequest(
            fields: request.headers,
            etag: common[.eTag] ?? "",
            lastModifiedSeconds: Int(version.createdAt.timeIntervalSince1970),
            datesCount: true
        )
        switch conditions.evaluate() {
        case .notModified: return .withoutContent(.notModified, common)
        case .preconditionFailed: throw Problem.preconditionFailed
        case .proceed: break
        }
        let range = request.method == .get && conditions.ifRangeAllowsRange ? request.headers[.range] : nil
        switch ByteRange.evaluate(range, total: total) {
        case .whole: return try await self.answer(request, version, 0..<total, .ok, common, note)
        case .part(let part):
            var headers = common
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(total)"
            return try await self.answer(request, version, part, .partialContent, headers, note)
        case .unsatisfiable: throw Problem.rangeNotSatisfiable(total: total)
        }
    }

    private func answer(
        _ request: Request,
        _ version: AssetVersion,
        _ range: Range<Int>,
        _ status: HTTPResponse.Status,
        _ common: HTTPFields,
        _ note: @escaping @Sendable (AnswerNote) -> Void
    ) async throws -> Response {
        var headers = common
        headers[.contentType] = version.source.sealedAs.mediaType
        headers[.contentDisposition] = Self.disposition(of: version)
        headers[.contentLength] = String(range.count)
        // Also for a HEAD: what a GET could not have, it does not promise.
        let reader = try await self.deliver.openOriginal(version)
        guard request.method == .get else { return Response(status: status, headers: headers) }
        return Response(status: status, headers: headers, body: ResponseBody(reader, range, noting: note))
    }

    /// What every answer carries, a 304 included.
    private static func headers(of version: AssetVersion) -> HTTPFields {
        [
            .cacheControl: "private, no-store",
            .eTag: "\"\(version.source.sha256)\"",
            .reprDigest: "sha-256=:\(version.source.sha256.base64):",
            .lastModified: HTTPDates.format(unixSeconds: Int(version.createdAt.timeIntervalSince1970)),
            .acceptRanges: "bytes",
            .xContentTypeOptions: "nosniff",
            .crossOriginResourcePolicy: "same-origin",
            .contentSecurityPolicy: "default-src 'none'; sandbox",
        ]
    }

    /// A name of ours: what the client called its file is nowhere kept.
    private static func disposition(of version: AssetVersion) -> String {
        let type = version.source.sealedAs.mediaType
        let ending = PictureFormat(mediaType: type).map { ".\($0.fileExtension)" } ?? ""
        return "attachment; filename=\"\(version.ref.asset)-v\(version.ref.number)\(ending)\""
    }
}
