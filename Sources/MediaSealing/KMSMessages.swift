import FoundationEssentials
import MediaModel

// The members of requests and answers that are used here; names as in the AWS KMS API Reference.

/// Asks for a new key, at hand and encrypted.
struct GenerateDataKeyRequest: Encodable {
    let keyID: String
    let context: EncryptionContext

    enum CodingKeys: String, CodingKey {
        case keyID = "KeyId"
        case numberOfBytes = "NumberOfBytes"
        case context = "EncryptionContext"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.keyID, forKey: .keyID)
        try container.encode(EnvelopeKey.byteCount, forKey: .numberOfBytes)
        try container.encode(self.context.pairs, forKey: .context)
    }
}

/// Encrypts a key that is at hand.
struct EncryptRequest: Encodable {
    let keyID: String
    let context: EncryptionContext

    enum CodingKeys: String, CodingKey {
        case keyID = "KeyId"
        case plaintext = "Plaintext"
        case context = "EncryptionContext"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.keyID, forKey: .keyID)
        try container.encode(PlaintextMember.placeholder, forKey: .plaintext)
        try container.encode(self.context.pairs, forKey: .context)
    }
}

/// Decrypts what was encrypted.
struct DecryptRequest: Encodable {
    let wrapped: WrappedEnvelopeKey
    let context: EncryptionContext

    enum CodingKeys: String, CodingKey {
        case keyID = "KeyId"
        case ciphertext = "CiphertextBlob"
        case context = "EncryptionContext"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.wrapped.rootKey.description, forKey: .keyID)
        try container.encode(Data(self.wrapped.bytes).base64EncodedString(), forKey: .ciphertext)
        try container.encode(self.context.pairs, forKey: .context)
    }
}

/// Asks what there is to know about a key.
struct DescribeKeyRequest: Encodable {
    let keyID: String

    enum CodingKeys: String, CodingKey {
        case keyID = "KeyId"
    }
}

/// What is said of the key that was used, and what there is of ciphertext and plaintext.
struct KMSKeyAnswer: Decodable {
    /// The key's ARN.
    let keyID: String
    let ciphertext: String?
    /// ``PlaintextMember/placeholder``, once the key was taken out.
    let plaintext: String?

    enum CodingKeys: String, CodingKey {
        case keyID = "KeyId"
        case ciphertext = "CiphertextBlob"
        case plaintext = "Plaintext"
    }
}

/// What `DescribeKey` says.
struct DescribeKeyAnswer: Decodable {
    let metadata: Metadata

    enum CodingKeys: String, CodingKey {
        case metadata = "KeyMetadata"
    }

    /// Of one key. What the reference does not promise may be missing.
    struct Metadata: Decodable {
        let arn: String
        /// `Enabled`, or why it cannot be used.
        let state: String
        let usage: String?
        let spec: String?

        enum CodingKeys: String, CodingKey {
            case arn = "Arn"
            case state = "KeyState"
            case usage = "KeyUsage"
            case spec = "KeySpec"
        }
    }
}

/// The member of a message that is a key in plain: base64, moved between the message's bytes and the key's page without
/// ever being a string, which could not be wiped.
enum PlaintextMember {
    /// The base64 of 32 zero bytes: stands where the key will be, or was.
    static let placeholder = String(repeating: "A", count: KeyBase64.length - 1) + "="

    private static let name = Array("\"Plaintext\"".utf8)

    /// Takes the key out of an answer, and leaves ``placeholder`` there. The caller decodes the answer next, and sees
    /// by the placeholder that this was its member indeed.
    ///
    /// - Returns: nil where there is no such member, or it is no base64 of 32 bytes.
    static func take(from answer: inout [UInt8], as id: EnvelopeKeyID) -> EnvelopeKey? {
        guard let range = Self.value(in: answer) else { return nil }
        var isKey = false
        let key = EnvelopeKey(id: id) { bytes in isKey = KeyBase64.decode(answer[range], into: bytes) }
        answer.replaceSubrange(range, with: Self.placeholder.utf8)
        return isKey ? key : nil
    }

    /// Puts a key where a request has ``placeholder``.
    static func put(_ key: EnvelopeKey, into request: inout [UInt8]) {
        guard let range = Self.value(in: request) else { preconditionFailure("a request with a plaintext") }
        request.withUnsafeMutableBufferPointer { request in
            key.withBytes {
                KeyBase64.encode($0.assumingMemoryBound(to: UInt8.self), into: request, at: range.lowerBound)
            }
        }
    }

    /// The characters between the quotation marks, where there are as many as a key has.
    private static func value(in message: [UInt8]) -> Range<Int>? {
        guard let name = message.firstRange(of: Self.name) else { return nil }
        var rest = message[name.upperBound...].drop(while: Self.isBlank)
        guard rest.popFirst() == UInt8(ascii: ":") else { return nil }
        rest = rest.drop(while: Self.isBlank)
        guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
        let end = rest.startIndex + KeyBase64.length
        guard end < rest.endIndex, rest[end] == UInt8(ascii: "\"") else { return nil }
        return rest.startIndex..<end
    }

    private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}
