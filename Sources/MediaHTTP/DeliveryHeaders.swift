import FoundationEssentials
import HTTPTypes
import MediaModel

/// The header fields of a delivery, exactly those of ARCHITECTURE §3. They are a function of the route and the object,
/// never of the request: a `Vary` that depends on the outcome was ten years of bugs elsewhere (FIELD.md F11).
struct DeliveryHeaders {
    /// One year; no `s-maxage`, no `must-revalidate`: either switches stale-while-revalidate off at Cloudflare.
    static let immutable =
        "public, max-age=31536000, immutable, stale-while-revalidate=86400, stale-if-error=604800"
    static let latest = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"

    /// In place of a format that could not be had; by then it may be. Nothing stale: the better one is not far.
    static let standIn = "public, max-age=60"

    /// What a negotiated path answers by: whichever format was chosen, and on errors, too.
    static let vary = "Accept"

    let etag: String
    /// Since 1970, whole seconds, as HTTP dates have no others.
    let lastModifiedSeconds: Int
    /// What every answer about the object carries, a 304 included.
    let common: HTTPFields
    private let total: Int
    private let mediaType: String

    init(_ found: DeliverableRendition, path: DeliveryPath, profile: CDNProfile) {
        let rendition = found.rendition
        self.etag = "\"\(rendition.blob.sha256)\""
        self.lastModifiedSeconds = Int(found.createdAt.timeIntervalSince1970)
        self.total = rendition.blob.bytes
        self.mediaType = rendition.preset.recipe.format.mediaType
        var common: HTTPFields = [
            .cacheControl: found.isStandIn ? Self.standIn : path.version == .latest ? Self.latest : Self.immutable,
            .eTag: self.etag,
            // RFC 9530 §3: of the whole object, also with a part of it. The row has it, so it costs nothing.
            .reprDigest: "sha-256=:\(rendition.blob.sha256.base64):",
            .lastModified: HTTPDates.format(unixSeconds: self.lastModifiedSeconds),
            .acceptRanges: "bytes",
            .accessControlAllowOrigin: CrossOrigin.anybody,
            .accessControlExposeHeaders: CrossOrigin.exposedFields,
            .xContentTypeOptions: "nosniff",
            .crossOriginResourcePolicy: "cross-origin",
            .timingAllowOrigin: "*",
            .contentSecurityPolicy: "default-src 'none'; sandbox",
        ]
        if path.isNegotiated { common[.vary] = Self.vary }
        common[.contentDisposition] = "inline; filename*=UTF-8''\(Self.fileName(path, rendition.preset.recipe.format))"
        common.append(contentsOf: Self.tagFields(Self.tags(found.ref, path), profile))
        self.common = common
    }

    /// Of a 200.
    var whole: HTTPResponse { self.head(.ok, bytes: self.total) }

    /// Of a 206.
    func part(_ range: Range<Int>) -> HTTPResponse {
        var head = self.head(.partialContent, bytes: range.count)
        head.headerFields[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(self.total)"
        return head
    }

    private func head(_ status: HTTPResponse.Status, bytes: Int) -> HTTPResponse {
        var fields = self.common
        fields[.contentType] = self.mediaType
        fields[.contentLength] = String(bytes)
        return HTTPResponse(status: status, headerFields: fields)
    }

    /// A name of our own making, so that nothing in it needs an escape (RFC 8187): the options of a recipe would.
    private static func fileName(_ path: DeliveryPath, _ format: RenditionFormat) -> String {
        "\(path.isSigned ? "picture" : path.preset.description).\(format.fileExtension)"
    }

    /// A tag that a cache does not take is an object that nobody can purge. Ours are of a few known lengths, which a
    /// test holds against every profile.
    private static func tagFields(_ tags: [String], _ profile: CDNProfile) -> HTTPFields {
        var fields = HTTPFields()
        for field in profile.tagFields {
            guard let name = HTTPField.Name(field.name) else { preconditionFailure("'\(field.name)' is no field name") }
            let value = tags.joined(separator: field.separator)
            precondition(profile.tagLimits.allow(value, tags), "tags beyond what \(profile) takes: \(value)")
            fields[name] = value
        }
        return fields
    }

    /// What a purge can name: the asset, the version, the preset; and `latest` apart, which alone changes.
    private static func tags(_ ref: VersionRef, _ path: DeliveryPath) -> [String] {
        let version = [SurrogateKey.asset(ref.asset), SurrogateKey.version(path.version, of: ref.asset)]
        // A recipe without a name has no tag: its options are not of the tags' alphabet.
        return path.isSigned ? version : version + [SurrogateKey.preset(path.preset)]
    }
}
