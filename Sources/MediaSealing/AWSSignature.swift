import CCrypto
package import FoundationEssentials
package import MediaModel

/// AWS Signature Version 4 for requests with a body in memory and no query
/// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
///
/// Pure: the caller has the clock and the network.
package struct AWSSignature: RequestSigning {
    private static let algorithm = "AWS4-HMAC-SHA256"

    private let credentials: AWSCredentials
    private let region: String
    private let service: String

    /// - Parameters:
    ///   - region: for example `eu-central-1`.
    ///   - service: as AWS abbreviates it: `kms`, `cloudfront`.
    package init(credentials: AWSCredentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// A moment as `X-Amz-Date` has it: `20150830T123600Z`.
    package static func timestamp(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
    }

    /// Adds `X-Amz-Date`, `X-Amz-Security-Token` with temporary credentials, and `Authorization`.
    ///
    /// - Throws: ``KeyError``, `.unavailable` where OpenSSL would not work.
    package func signed(
        method: String,
        path: String,
        fields: [String: String],
        body: [UInt8],
        at date: Date
    ) throws -> [String: String] {
        var fields = fields
        fields["X-Amz-Date"] = Self.timestamp(date)
        fields["X-Amz-Security-Token"] = self.credentials.sessionToken
        fields["Authorization"] = try self.authorization(
            method: method,
            path: path,
            fields: fields,
            body: body,
            at: date
        )
        return fields
    }

    /// What the field `Authorization` must be.
    ///
    /// - Parameters:
    ///   - method: in capitals.
    ///   - path: absolute, and encoded as it is sent.
    ///   - fields: all fields to sign, each name once; `host` and `x-amz-date` among them.
    ///   - body: as it is sent.
    ///   - date: the one of `x-amz-date`.
    /// - Throws: `.unavailable` where OpenSSL would not work.
    package func authorization(
        method: String,
        path: String,
        fields: [String: String],
        body: [UInt8],
        at date: Date
    ) throws(KeyError) -> String {
        let timestamp = Self.timestamp(date)
        let day = String(timestamp.prefix(8))
        let scope = "\(day)/\(self.region)/\(self.service)/aws4_request"
        let sorted = fields.map { ($0.key.lowercased(), Self.canonical($0.value)) }.sorted { $0.0 < $1.0 }
        let names = sorted.map(\.0).joined(separator: ";")
        let request = [
            method, path, "", sorted.map { "\($0.0):\($0.1)\n" }.joined(), names, Digests.sha256(body).description,
        ].joined(separator: "\n")
        let text = [Self.algorithm, timestamp, scope, Digests.sha256(Array(request.utf8)).description]
            .joined(separator: "\n")
        let signature = try Self.mac(of: text, under: self.signingKey(day: day))
        let hex = signature.withBytes { Hex.encode($0) }
        return "\(Self.algorithm) Credential=\(self.credentials.accessKeyID)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(hex)"
    }

    /// The key of one day, region and service.
    ///
    /// - Parameter day: `20150830`.
    package func signingKey(day: String) throws(KeyError) -> SecretBytes {
        var key = SecretBytes(copying: Array("AWS4\(self.credentials.secretAccessKey)".utf8))
        for part in [day, self.region, self.service, "aws4_request"] { key = try Self.mac(of: part, under: key) }
        return key
    }

    /// Without blanks at its ends, and with single ones within.
    private static func canonical(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }

    private static func mac(of text: String, under key: borrowing SecretBytes) throws(KeyError) -> SecretBytes {
        let message = Array(text.utf8)
        var mac = SecretBytes(count: SHA256Digest.byteCount)
        let isDone = key.withBytes { key in
            mac.withMutableBytes { mac in
                ccrypto_hmac_sha256(key.baseAddress, key.count, message, message.count, mac.baseAddress)
            }
        }
        guard isDone == 1 else { throw KeyError(.unavailable, detail: "no HMAC-SHA-256 from OpenSSL") }
        return mac
    }
}
