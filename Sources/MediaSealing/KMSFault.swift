import FoundationEssentials
import MediaModel

/// An answer of KMS that is no success.
struct KMSFault {
    /// The name of the exception, without its namespace; empty where the body is not what KMS says.
    let type: String
    let message: String
    let status: Int

    private struct Body: Decodable {
        let type: String
        let message: String?
        /// Some services and some exceptions spell it so.
        let capitalMessage: String?

        enum CodingKeys: String, CodingKey {
            case type = "__type"
            case message
            case capitalMessage = "Message"
        }
    }

    init(status: Int, body: [UInt8]) {
        let said = try? JSONDecoder().decode(Body.self, from: Data(body))
        self.status = status
        // `com.amazonaws.kms#NotFoundException`, or `NotFoundException:http://…`.
        self.type = said?.type.split(separator: "#").last?.split(separator: ":").first.map(String.init) ?? ""
        self.message = said?.message ?? said?.capitalMessage ?? ""
    }

    func error(of operation: KMSClient.Operation) -> KeyError {
        let what = self.type.isEmpty ? "status \(self.status)" : "\(self.type) (status \(self.status))"
        let why = self.message.isEmpty ? "" : ": \(Self.printable(self.message))"
        return KeyError(self.code, detail: "KMS \(operation.rawValue): \(Self.printable(what))\(why)")
    }

    /// By the exception's name; where it is none that we know, by the status.
    private var code: KeyError.Code {
        if let code = Self.codes[self.type] { return code }
        switch self.status {
        case 429: return .throttled
        // A refusal that will be the same next time.
        case 400..<500: return .denied
        // 5xx; or something that is no KMS.
        default: return .unreachable
        }
    }

    /// From the "Errors" of GenerateDataKey, Encrypt, Decrypt and DescribeKey in the AWS KMS API Reference, and its
    /// "Common Errors".
    private static let codes: [String: KeyError.Code] = [
        "ThrottlingException": .throttled,
        "LimitExceededException": .throttled,
        "RequestLimitExceeded": .throttled,
        "TooManyRequestsException": .throttled,

        "DisabledException": .disabled,
        "KMSInvalidStateException": .disabled,

        "NotFoundException": .unavailable,
        "InvalidArnException": .unavailable,

        "InvalidCiphertextException": .mismatch,
        "IncorrectKeyException": .mismatch,

        "AccessDenied": .denied,
        "AccessDeniedException": .denied,
        "ExpiredTokenException": .denied,
        "IncompleteSignature": .denied,
        "IncompleteSignatureException": .denied,
        "InvalidClientTokenId": .denied,
        "InvalidGrantTokenException": .denied,
        "InvalidSignatureException": .denied,
        "MissingAuthenticationToken": .denied,
        "MissingAuthenticationTokenException": .denied,
        "NotAuthorized": .denied,
        "OptInRequired": .denied,
        "UnrecognizedClientException": .denied,

        "InvalidKeyUsageException": .unsupported,
        "UnsupportedOperationException": .unsupported,

        "DependencyTimeoutException": .unreachable,
        "InternalFailure": .unreachable,
        "KMSInternalException": .unreachable,
        // "The requested KMS key was not available": a 500, which AWS says may be tried again.
        "KeyUnavailableException": .unreachable,
        "ServiceUnavailable": .unreachable,
    ]

    /// For a log line: one line of plain characters, not too long.
    private static func printable(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(400).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self
        )
    }
}
