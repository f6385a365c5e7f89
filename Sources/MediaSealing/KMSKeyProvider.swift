import AsyncHTTPClient
import FoundationEssentials
package import MediaModel
import NIOCore

/// Root keys in AWS KMS, or in whatever speaks its protocol.
///
/// The credentials must be allowed `kms:GenerateDataKey`, `kms:Encrypt`, `kms:Decrypt` and `kms:DescribeKey` on the
/// key. Envelope keys are bound to their id and tenant by the encryption context, which AWS shows in CloudTrail.
///
/// An envelope key comes and goes over TLS as text. The copies that are ours (the key's page, the body of a request as
/// it was composed, the body of an answer) are wiped. Those of the HTTP and TLS libraries, among them the buffer that
/// the body of each try is handed over in, are not ours to wipe: they are freed as they are, and overwritten when their
/// memory is used again.
package final class KMSKeyProvider: KeyProvider {
    private static let usage = "ENCRYPT_DECRYPT"
    private static let spec = "SYMMETRIC_DEFAULT"

    private let keyID: String
    private let client: KMSClient

    /// Connects to nothing yet. ``shutdown()`` ends it.
    ///
    /// - Parameters:
    ///   - keyID: of a symmetric encryption key: its ARN, its id, or an alias (`alias/…`, or the alias's ARN).
    ///   - region: for example `eu-central-1`.
    ///   - endpoint: `https://host` or `https://host:port`, or `http` to this machine; nil: AWS's own in the region.
    ///   - deadline: of one call with all its retries.
    /// - Throws: ``KeyError/Code/unavailable`` where one of the values cannot be.
    package init(
        keyID: String,
        region: String,
        credentials: AWSCredentials,
        endpoint: String? = nil,
        deadline: Duration = .seconds(5)
    ) throws(KeyError) {
        guard RootKeyID(keyID) != nil else {
            throw KeyError(.unavailable, detail: "the KMS key '\(keyID)'; expected an ARN, an id or an alias")
        }
        guard Self.isRegion(region) else {
            throw KeyError(.unavailable, detail: "the AWS region '\(region)'; expected one like eu-central-1")
        }
        guard
            [credentials.accessKeyID, credentials.secretAccessKey, credentials.sessionToken ?? "-"]
                .allSatisfy(Self.isWord)
        else {
            throw KeyError(.denied, detail: "the AWS credentials are empty, or have blanks or other characters in them")
        }
        let place = try endpoint.map { text throws(KeyError) in try KMSEndpoint(text) } ?? KMSEndpoint(region: region)
        self.keyID = keyID
        self.client = KMSClient(
            endpoint: place,
            signature: AWSSignature(credentials: credentials, region: region, service: "kms"),
            deadline: deadline,
            http: HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration(deadline))
        )
    }

    /// Closes all connections. To be called once, when no call is under way any more.
    package func shutdown() async throws { try await self.client.http.shutdown() }

    package func makeKey(
        _ id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> (key: EnvelopeKey, wrapped: WrappedEnvelopeKey) {
        let request = GenerateDataKeyRequest(keyID: self.keyID, context: EncryptionContext(key: id, tenant: tenant))
        var answer = try await self.client.call(.generateDataKey, Self.body(request))
        defer { wipe(&answer) }
        let key = PlaintextMember.take(from: &answer, as: id)
        let said = try Self.decode(KMSKeyAnswer.self, answer, of: .generateDataKey)
        guard let key, said.plaintext == PlaintextMember.placeholder else {
            throw Self.rubbish(.generateDataKey, "no plaintext of \(EnvelopeKey.byteCount) bytes")
        }
        return (key, try self.wrapped(said, of: .generateDataKey))
    }

    package func wrap(_ key: EnvelopeKey, for tenant: Tenant) async throws -> WrappedEnvelopeKey {
        let context = EncryptionContext(key: key.id, tenant: tenant)
        var body = try Self.body(EncryptRequest(keyID: self.keyID, context: context))
        defer { wipe(&body) }
        PlaintextMember.put(key, into: &body)
        let answer = try await self.client.call(.encrypt, body)
        return try self.wrapped(Self.decode(KMSKeyAnswer.self, answer, of: .encrypt), of: .encrypt)
    }

    package func unwrap(
        _ wrapped: WrappedEnvelopeKey,
        as id: EnvelopeKeyID,
        for tenant: Tenant
    ) async throws -> EnvelopeKey {
        guard (1...WrappedEnvelopeKey.bytesMax).contains(wrapped.bytes.count) else {
            throw KeyError(.mismatch, detail: "key '\(id)': \(wrapped.bytes.count) bytes are no wrapped key")
        }
        let request = DecryptRequest(wrapped: wrapped, context: EncryptionContext(key: id, tenant: tenant))
        var answer = try await self.client.call(.decrypt, Self.body(request))
        defer { wipe(&answer) }
        let key = PlaintextMember.take(from: &answer, as: id)
        let said = try Self.decode(KMSKeyAnswer.self, answer, of: .decrypt)
        guard said.keyID == wrapped.rootKey.description else {
            throw KeyError(.mismatch, detail: "key '\(id)' was opened by \(said.keyID); expected \(wrapped.rootKey)")
        }
        guard let key, said.plaintext == PlaintextMember.placeholder else {
            throw KeyError(.mismatch, detail: "what KMS opened as key '\(id)' is no key of 32 bytes")
        }
        return key
    }

    /// Throws ``KeyError/Code/disabled`` where the key cannot be used, ``KeyError/Code/unsupported`` where it is of
    /// another kind.
    package func currentRoot() async throws -> RootKeyID {
        let answer = try await self.client.call(.describeKey, Self.body(DescribeKeyRequest(keyID: self.keyID)))
        let key = try Self.decode(DescribeKeyAnswer.self, answer, of: .describeKey).metadata
        let kind = [key.usage ?? Self.usage, key.spec ?? Self.spec]
        guard kind == [Self.usage, Self.spec] else {
            throw KeyError(
                .unsupported,
                detail: "KMS key \(key.arn) is \(kind.joined(separator: ", ")); expected \(Self.usage), \(Self.spec)"
            )
        }
        guard key.state == "Enabled" else {
            throw KeyError(.disabled, detail: "KMS key \(key.arn) is \(key.state); expected Enabled")
        }
        return try self.root(key.arn, of: .describeKey)
    }

    package func rotateRoot() async throws -> RootKeyID {
        throw KeyError(
            .unsupported,
            detail: "root keys are made in KMS: make one there (or let KMS rotate the key itself), give its id to the "
                + "service, restart, and wrap the envelope keys anew"
        )
    }

    package func retireRoot(_ id: RootKeyID) async throws {
        throw KeyError(.unsupported, detail: "root keys are destroyed in KMS: schedule the deletion of \(id) there")
    }

    package func formerEnvelopeKey(_ id: EnvelopeKeyID) async throws -> EnvelopeKey {
        throw KeyError(
            .unavailable,
            detail:
                "key '\(id)' is a line of a key ring, and root keys are in KMS now: set key.ring.former.path to the "
                + "ring"
        )
    }
}

extension KMSKeyProvider {
    private static func configuration(_ deadline: Duration) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: TimeAmount(deadline / 2))
        )
        configuration.httpVersion = .http1Only
        // Retries are `KMSClient`'s; two layers of them would multiply.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Shorter than what servers and their load balancers keep idle connections for.
        configuration.connectionPool.idleTimeout = .seconds(20)
        return configuration
    }

    private static func body(_ request: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(request))
    }

    private static func decode<Answer: Decodable>(
        _ type: Answer.Type,
        _ body: [UInt8],
        of operation: KMSClient.Operation
    ) throws(KeyError) -> Answer {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            // The error itself may quote the answer.
            throw Self.rubbish(operation, "\(body.count) bytes that are not the JSON of KMS")
        }
    }

    /// An answer that no KMS gives: something else is at that address. What it wrapped or opened is not used.
    private static func rubbish(_ operation: KMSClient.Operation, _ what: String) -> KeyError {
        KeyError(.unreachable, detail: "KMS \(operation.rawValue) answered \(what)")
    }

    private func wrapped(
        _ answer: KMSKeyAnswer,
        of operation: KMSClient.Operation
    ) throws(KeyError) -> WrappedEnvelopeKey {
        // Decoding is lenient about the last bits; what is kept must be what KMS said.
        guard let text = answer.ciphertext, let bytes = Data(base64Encoded: text), bytes.base64EncodedString() == text,
            (1...WrappedEnvelopeKey.bytesMax).contains(bytes.count)
        else { throw Self.rubbish(operation, "no ciphertext of 1 to \(WrappedEnvelopeKey.bytesMax) bytes") }
        return WrappedEnvelopeKey(rootKey: try self.root(answer.keyID, of: operation), bytes: Array(bytes))
    }

    /// The name that KMS gives the key it used, which must be ours. An alias may lead to any key. It is an ARN, as the
    /// reference promises: that tells it from a line of a key ring.
    private func root(_ arn: String, of operation: KMSClient.Operation) throws(KeyError) -> RootKeyID {
        let isOurs =
            if self.keyID.contains("alias/") {
                true
            } else if self.keyID.hasPrefix("arn:") {
                arn == self.keyID
            } else {
                arn.hasSuffix(":key/\(self.keyID)")
            }
        guard isOurs, let root = RootKeyID(arn), root.isARN else {
            throw Self.rubbish(operation, "with another key than \(self.keyID)")
        }
        return root
    }

    /// Whether a field of a request's head can be it: 1 ... 2048 printable ASCII characters, no blanks. Session tokens
    /// have some hundreds, of no promised length.
    private static func isWord(_ text: String) -> Bool {
        (1...2048).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private static func isRegion(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
