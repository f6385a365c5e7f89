import Foundation
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// What the provider says when KMS does not do what it is asked for, and how long that takes.
@Suite struct KMSFaultTests {
    static let arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    static let id = EnvelopeKeyID("ek-1")
    static let key = Array(0..<32) as [UInt8]
    static let keyText = Data(key).base64EncodedString()
    static let wrapped = WrappedEnvelopeKey(rootKey: RootKeyID(stringLiteral: arn), bytes: [1, 2, 3])
    static let made = #"{"CiphertextBlob":"AQID","KeyId":"\#(arn)","Plaintext":"\#(keyText)"}"#
    static let opened = #"{"KeyId":"\#(arn)","Plaintext":"\#(keyText)","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#
    static let credentials = AWSCredentials(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        sessionToken: "session-token-of-the-test"
    )

    static func fault(_ type: String, _ message: String = "why") -> String {
        #"{"__type":"\#(type)","message":"\#(message)"}"#
    }

    static func withProvider<Result>(
        _ kms: CannedServer,
        deadline: Duration = .seconds(120),
        _ body: (KMSKeyProvider) async throws -> Result
    ) async throws -> Result {
        let provider = try KMSKeyProvider(
            keyID: Self.arn,
            region: "eu-central-1",
            credentials: Self.credentials,
            endpoint: kms.endpoint,
            deadline: deadline
        )
        return try await KMSTests.withProvider(provider, body)
    }

    /// The error of a call; its texts, which must hold nothing secret.
    static func error(_ body: () async throws -> some Any) async throws -> KeyError {
        let error = try await #require(throws: KeyError.self) { _ = try await body() }
        for text in [error.description, error.debugDescription] {
            for secret in [Self.keyText, Self.credentials.secretAccessKey, "session-token-of-the-test"] {
                #expect(!text.contains(secret.prefix(12)))
            }
            #expect(text.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "one plain line: \(text)")
        }
        return error
    }

    @Test(arguments: [
        (400, "ThrottlingException"), (400, "LimitExceededException"), (500, "KMSInternalException"),
        (500, "DependencyTimeoutException"), (500, "KeyUnavailableException"), (503, "ServiceUnavailable"), (502, ""),
        (429, ""),
    ])
    func whatPassesIsTriedAgain(status: Int, type: String) async throws {
        let fault = CannedServer.Answer.said(status, type.isEmpty ? "<html>" : Self.fault(type))
        let kms = try CannedServer([fault, fault, .said(200, Self.made)])
        let (key, wrapped) = try await Self.withProvider(kms) { try await $0.makeKey(Self.id, for: .default) }
        #expect(key.plain == Self.key && wrapped == Self.wrapped)
        #expect(kms.requests.count == 3)
    }

    @Test(arguments: [
        (400, "ThrottlingException", "key-provider-throttled"), (429, "", "key-provider-throttled"),
        (500, "KMSInternalException", "key-provider-unreachable"),
        (500, "KeyUnavailableException", "key-provider-unreachable"), (503, "", "key-provider-unreachable"),
    ])
    func whatDoesNotPassIsGivenUpAfterThreeTries(status: Int, type: String, code: String) async throws {
        let kms = try CannedServer([.said(status, Self.fault(type))])
        let error = try await Self.error {
            try await Self.withProvider(kms) { try await $0.unwrap(Self.wrapped, as: Self.id, for: .default) }
        }
        #expect(error.code.description == code)
        #expect(kms.requests.count == 3)
    }

    @Test(arguments: [
        (400, "DisabledException", "root-key-disabled"), (400, "KMSInvalidStateException", "root-key-disabled"),
        (400, "NotFoundException", "key-unavailable"),
        (400, "InvalidCiphertextException", "key-mismatch"), (400, "IncorrectKeyException", "key-mismatch"),
        (400, "AccessDeniedException", "key-access-denied"), (400, "UnrecognizedClientException", "key-access-denied"),
        (400, "InvalidSignatureException", "key-access-denied"), (400, "ExpiredTokenException", "key-access-denied"),
        (400, "IncompleteSignature", "key-access-denied"), (403, "", "key-access-denied"),
        (400, "InvalidKeyUsageException", "key-operation-unsupported"), (400, "SomethingNew", "key-access-denied"),
        (400, "com.amazonaws.kms#DisabledException", "root-key-disabled"),
        (400, "DisabledException:http://internal.amazon.com/coral/com.amazonaws.kms/", "root-key-disabled"),
    ])
    func whatWillNotPassIsNotTriedAgain(status: Int, type: String, code: String) async throws {
        let kms = try CannedServer([
            .said(status, Self.fault(type, #"the key is \u001b[31m gone\n"#)), .said(200, Self.opened),
        ])
        let error = try await Self.error {
            try await Self.withProvider(kms) { try await $0.unwrap(Self.wrapped, as: Self.id, for: .default) }
        }
        #expect(error.code.description == code)
        #expect(error.detail.contains("KMS Decrypt") && error.detail.contains("the key is"))
        #expect(kms.requests.count == 1)
    }

    @Test(arguments: [CannedServer.Answer.hangUp, .noise, .cutBody(opened)])
    func aConnectionThatFailsIsTriedAgain(answer: CannedServer.Answer) async throws {
        let kms = try CannedServer([answer, .said(200, Self.opened)])
        let key = try await Self.withProvider(kms) { try await $0.unwrap(Self.wrapped, as: Self.id, for: .default) }
        #expect(key.plain == Self.key && key.id == Self.id)
    }

    // The next two have short deadlines, so they run in processes of their own: here other tests keep every thread of
    // the pool busy for seconds.

    @Test(arguments: [true, false])
    func aSlowAnswerIsNotWaitedForBeyondTheDeadline(isHalfThere: Bool) async {
        await #expect(processExitsWith: .success) { [isHalfThere = isHalfThere as Bool] in
            let kms = try CannedServer([isHalfThere ? .halfABody(Self.opened) : .silence])
            let error = try await Self.error {
                try await Self.withProvider(kms, deadline: .seconds(10)) {
                    try await $0.unwrap(Self.wrapped, as: Self.id, for: .default)
                }
            }
            #expect(error.code == .unreachable)
            // Answers never come, so it was the deadline; and before a third try.
            #expect(kms.requests.count == 2, "one that is stuck leaves time for another")
        }
    }

    @Test(arguments: [true, false])
    func anAnswerThatIsStuckIsAskedForAgain(isHalfThere: Bool) async {
        await #expect(processExitsWith: .success) { [isHalfThere = isHalfThere as Bool] in
            let stuck = isHalfThere ? CannedServer.Answer.halfABody(Self.opened) : .silence
            let kms = try CannedServer([stuck, .said(200, Self.opened)])
            let key = try await Self.withProvider(kms, deadline: .seconds(20)) {
                try await $0.unwrap(Self.wrapped, as: Self.id, for: .default)
            }
            #expect(key.plain == Self.key)
        }
    }

    @Test func aPortThatNobodyListensOnIsUnreachable() async throws {
        let port = try CannedServer([.silence]).port
        let provider = try KMSKeyProvider(
            keyID: Self.arn,
            region: "eu-central-1",
            credentials: Self.credentials,
            endpoint: "http://127.0.0.1:\(port)",
            deadline: .seconds(120)
        )
        let start = ContinuousClock.now
        let error = try await Self.error {
            try await KMSTests.withProvider(provider) { try await $0.currentRoot() }
        }
        #expect(error.code == .unreachable)
        // A refusal needs no waiting: far from the deadline, also on a busy machine.
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test(.timeLimit(.minutes(5)))
    func aCancelledCallerIsLetGo() async throws {
        let kms = try CannedServer([.silence])
        try await Self.withProvider(kms) { provider in
            let call = Task { try await provider.currentRoot() }
            while kms.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
        }
    }

    /// What is no answer of KMS is not taken for one: neither for a key nor for the word that there is none.
    @Test(arguments: [
        "", "null", "{}", "[]", "<html></html>", made.replacing("}", with: ""), made + "}",
        made.replacing(keyText, with: Data(0..<31).base64EncodedString()),
        made.replacing(keyText, with: Data(0..<33).base64EncodedString()),
        made.replacing(keyText, with: keyText.replacing("8=", with: "9=")),
        made.replacing(keyText, with: String(keyText.dropLast())), made.replacing(keyText, with: " " + keyText),
        made.replacing("\"Plaintext\":", with: "\"Plain\":"),
        made.replacing("\"AQID\"", with: "\"AQI\""), made.replacing("\"AQID\"", with: "\"AQI=\\n\""),
        made.replacing("\"AQID\"", with: "\"AQF=\""), made.replacing("\"AQID\"", with: "\"\""),
        made.replacing("\"AQID\"", with: "7"),
        made.replacing("AQID", with: Data(count: WrappedEnvelopeKey.bytesMax + 1).base64EncodedString()),
        made.replacing(arn, with: arn.dropLast() + "6"), made.replacing(arn, with: ""),
        // A key in another place than where it belongs.
        #"{"Other":{"Plaintext":"\#(keyText)"},"CiphertextBlob":"AQID","KeyId":"\#(arn)"}"#,
        #"{"Other":{"Plaintext":"\#(keyText)"},"CiphertextBlob":"AQID","KeyId":"\#(arn)","Plaintext":"\#(keyText)"}"#,
        String(repeating: " ", count: 70_000) + made,
    ])
    func anAnswerThatIsNoneOfKMSIsRefused(body: String) async throws {
        let kms = try CannedServer([.said(200, body)])
        let error = try await Self.error {
            try await Self.withProvider(kms) { try await $0.makeKey(Self.id, for: .default) }
        }
        #expect(error.code == .unreachable)
    }

    @Test func blanksInAnAnswerAreJSONToo() async throws {
        let body = Self.made.replacing("\":", with: "\" :\n\t ").replacing(",", with: " ,\r\n")
        let kms = try CannedServer([.said(200, body)])
        let made = try await Self.withProvider(kms) { try await $0.makeKey(Self.id, for: .default) }
        #expect(made.key.plain == Self.key && made.wrapped == Self.wrapped)
    }

    @Test(arguments: [
        (opened.replacing(arn, with: arn.dropLast() + "6"), "key-mismatch"),
        (opened.replacing(keyText, with: "AAAA"), "key-mismatch"),
        (#"{"KeyId":"\#(arn)"}"#, "key-mismatch"),
        ("{", "key-provider-unreachable"),
    ])
    func anAnswerToDecryptIsChecked(body: String, code: String) async throws {
        let kms = try CannedServer([.said(200, body)])
        let error = try await Self.error {
            try await Self.withProvider(kms) { try await $0.unwrap(Self.wrapped, as: Self.id, for: .default) }
        }
        #expect(error.code.description == code)
    }

    @Test(arguments: [
        (#""KeyState":"Disabled""#, "root-key-disabled"), (#""KeyState":"PendingDeletion""#, "root-key-disabled"),
        (#""KeyState":"Enabled","KeyUsage":"SIGN_VERIFY""#, "key-operation-unsupported"),
        (#""KeyState":"Enabled","KeySpec":"RSA_2048""#, "key-operation-unsupported"),
        (#""KeyUsage":"ENCRYPT_DECRYPT""#, "key-provider-unreachable"),
    ])
    func aKeyThatCannotWrapIsNotCurrent(members: String, code: String) async throws {
        let kms = try CannedServer([.said(200, #"{"KeyMetadata":{"Arn":"\#(Self.arn)",\#(members)}}"#)])
        let error = try await Self.error { try await Self.withProvider(kms) { try await $0.currentRoot() } }
        #expect(error.code.description == code)
    }

    /// What goes over the wire is the protocol of AWS, and the key goes where it belongs.
    @Test func requestsAreThoseOfTheReference() async throws {
        let wrapped = #"{"CiphertextBlob":"AQID","KeyId":"\#(Self.arn)"}"#
        let kms = try CannedServer([.said(200, Self.made), .said(200, wrapped), .said(200, Self.opened)])
        try await Self.withProvider(kms) { provider in
            let tenant = Tenant(name: "größe \"1\"")
            let (key, _) = try await provider.makeKey(Self.id, for: tenant)
            #expect(try await provider.wrap(key, for: tenant) == Self.wrapped)
            _ = try await provider.unwrap(Self.wrapped, as: Self.id, for: tenant)
        }
        let context: [String: String] = ["app": "image-origin", "envelopeKey": "ek-1", "tenant": "größe \"1\""]
        let expected: [(String, [String: any Sendable])] = [
            ("GenerateDataKey", ["KeyId": Self.arn, "NumberOfBytes": 32]),
            ("Encrypt", ["KeyId": Self.arn, "Plaintext": Self.keyText]),
            ("Decrypt", ["KeyId": Self.arn, "CiphertextBlob": "AQID"]),
        ]
        for (request, (operation, members)) in zip(kms.requests, expected) {
            let parts = try #require(request.firstRange(of: "\r\n\r\n"))
            let head = request[..<parts.lowerBound]
            #expect(head.hasPrefix("POST / HTTP/1.1\r\n"))
            for field in [
                "Host: 127.0.0.1:\(kms.port)", "Content-Type: application/x-amz-json-1.1",
                "X-Amz-Target: TrentService.\(operation)", "X-Amz-Security-Token: session-token-of-the-test",
            ] { #expect(head.contains("\r\n\(field)\r\n") || head.hasSuffix("\r\n\(field)"), "\(field)") }
            #expect(head.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "))
            let json = try JSONSerialization.jsonObject(with: Data(request[parts.upperBound...].utf8))
            let object = try #require(json as? NSDictionary)
            var all = members as [String: Any]
            all["EncryptionContext"] = context
            #expect(object == all as NSDictionary)
        }
    }
}
