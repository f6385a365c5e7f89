import FoundationEssentials
package import MediaModel

/// Amazon CloudFront: `POST /2020-05-31/distribution/{id}/invalidation`, signed with Signature Version 4; the
/// credentials need `cloudfront:CreateInvalidation`
/// (https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html).
///
/// A change of `latest` names its URLs one by one: 3,000 of them may be in progress. A deletion is one path with a
/// wildcard, which is billed as one and covers what cannot be listed; 15 of those may be in progress, and more are
/// refused until some are done
/// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/InvalidationLimits.html). There is no soft
/// invalidation.
package struct CloudFrontDriver: PurgeDriver {
    package static let pathsMax = 3000
    package static let wildcardsMax = 15
    package static let standardURL = "https://cloudfront.amazonaws.com"
    /// CloudFront has one endpoint for the world, which is in this region.
    package static let region = "us-east-1"
    package static let service = "cloudfront"
    private static let version = "2020-05-31"

    /// A hundred changes of `latest` have some hundreds of paths.
    package let recordsMax = 100

    private let url: String
    private let authority: String
    private let path: String
    private let signer: any RequestSigning
    private let connection: PurgeConnection

    /// - Parameters:
    ///   - url: of the API: `https://host` or `https://host:port`.
    ///   - distribution: its id.
    ///   - signer: for ``region`` and ``service``.
    package init(url: String, distribution: String, signer: any RequestSigning, connection: PurgeConnection) {
        self.url = url
        self.authority = String(url.drop { $0 != "/" }.dropFirst(2))
        self.path = "/\(Self.version)/distribution/\(distribution)/invalidation"
        self.signer = signer
        self.connection = connection
    }

    package func send(_ records: [PurgeRecord]) async throws {
        let exact = records.filter { $0.change == .latest }.flatMap(\.paths).distinct
        let wild = records.filter { $0.change != .latest }.map(\.wildcard).distinct
        for paths in exact.pieces(of: Self.pathsMax) + wild.pieces(of: Self.wildcardsMax) {
            try await self.invalidate(paths)
        }
    }

    private func invalidate(_ paths: [String]) async throws {
        let body = Array(Self.document(paths, reference: Self.makeReference()).utf8)
        var request = PurgeRequest(method: "POST", url: self.url + self.path, body: body)
        request.fields = try self.signer.signed(
            method: request.method,
            path: self.path,
            fields: ["Host": self.authority, "Content-Type": "text/xml"],
            body: body,
            at: Date()
        )
        let answer = try await self.connection.exchange(request)
        guard answer.status != 201 else { return }
        // Errors that say "later" come as 400.
        let isLater = ["TooManyInvalidationsInProgress", "Throttling"].contains { answer.text.contains("<Code>\($0)") }
        if isLater { throw PurgeConnection.error(.throttled, answer, of: request) }
        throw PurgeConnection.error(answer, of: request)
    }

    /// Of paths in the alphabet of ours, which XML leaves as it is.
    private static func document(_ paths: [String], reference: String) -> String {
        let items = paths.map { "<Path>\($0)</Path>" }.joined()
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/\(Self.version)/">\
            <CallerReference>\(reference)</CallerReference>\
            <Paths><Items>\(items)</Items><Quantity>\(paths.count)</Quantity></Paths></InvalidationBatch>
            """
    }

    /// New each time: CloudFront does nothing for a reference that it knows.
    private static func makeReference() -> String {
        let words = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }
        return "media-\(words.joined(separator: "-"))"
    }
}
