import FoundationEssentials
import MediaModel
import MediaSealing
import MediaTesting
import Testing

/// Signatures of AWS, version 4.
@Suite struct AWSSignatureTests {
    /// A request of AWS's test suite for signers (`aws-sig-v4-test-suite`), and its signature.
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let method: String
        let fields: [String: String]
        let body: String
        let names: String
        let signature: String

        init(
            _ name: String,
            _ method: String,
            _ fields: [String: String] = [:],
            body: String = "",
            names: String = "host;x-amz-date",
            signature: String
        ) {
            self.testDescription = name
            self.method = method
            self.fields = fields
            self.body = body
            self.names = names
            self.signature = signature
        }
    }

    private static let suite = AWSSignature(
        credentials: AWSCredentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        ),
        region: "us-east-1",
        service: "service"
    )
    /// 2015-08-30T12:36:00Z.
    private static let date = Date(timeIntervalSince1970: 1_440_938_160)

    static let vectors = [
        Vector("get-vanilla", "GET", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector("post-vanilla", "POST", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        Vector(
            "post-header-key-sort",
            "POST",
            ["My-Header1": "value1"],
            names: "host;my-header1;x-amz-date",
            signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"
        ),
        Vector(
            "post-header-value-case",
            "POST",
            ["My-Header1": "VALUE1"],
            names: "host;my-header1;x-amz-date",
            signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"
        ),
        Vector(
            "get-header-value-trim",
            "GET",
            ["My-Header1": " value1", "My-Header2": " \"a   b   c\""],
            names: "host;my-header1;my-header2;x-amz-date",
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        ),
        Vector(
            "post-x-www-form-urlencoded",
            "POST",
            ["Content-Type": "application/x-www-form-urlencoded"],
            body: "Param1=value1",
            names: "content-type;host;x-amz-date",
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        ),
        Vector(
            "post-sts-header-before",
            "POST",
            [
                "X-Amz-Security-Token":
                    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo"
                    + "IYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5V"
                    + "SXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yj"
                    + "c8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
            ],
            names: "host;x-amz-date;x-amz-security-token",
            signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
        ),
    ]

    @Test("AWS's vectors are signed the same", arguments: vectors)
    func signsAsAWSDoes(vector: Vector) throws {
        var fields = vector.fields
        fields["Host"] = "example.amazonaws.com"
        fields["X-Amz-Date"] = "20150830T123600Z"
        let signed = try Self.suite.authorization(
            method: vector.method,
            path: "/",
            fields: fields,
            body: Array(vector.body.utf8),
            at: Self.date
        )
        #expect(
            signed == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=\(vector.names), Signature=\(vector.signature)"
        )
    }

    /// "Deriving a signing key" in the AWS General Reference.
    @Test func theSigningKeyIsThatOfTheReference() throws {
        let key = try AWSSignature(
            credentials: AWSCredentials(
                accessKeyID: "AKIDEXAMPLE",
                secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
            ),
            region: "us-east-1",
            service: "iam"
        ).signingKey(day: "20150830")
        let hex = key.withBytes { Hex.encode($0) }
        #expect(hex == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9")
    }

    @Test(arguments: [
        (0, "19700101T000000Z"), (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"),
        (1_440_938_160, "20150830T123600Z"), (4_102_444_799, "20991231T235959Z"),
    ])
    func momentsAreWrittenInUTC(seconds: Int, expected: String) {
        #expect(AWSSignature.timestamp(Date(timeIntervalSince1970: Double(seconds) + 0.9)) == expected)
    }

    @Test(
        "250 random requests are signed as botocore signs them",
        .enabled("needs python3 and its package botocore") {
            try await ChildProcess.run("/usr/bin/env", ["python3", "-c", "import botocore"]).exit == .code(0)
        }
    )
    func signsAsBotocoreDoes() async throws {
        var generator = SeededGenerator()
        let requests = (0..<250).map { _ in Request(using: &generator) }
        let script = Fixtures.folder.appending(path: "vectors/sign_requests.py").path()
        let outcome = try await ChildProcess.run(
            "/usr/bin/env",
            ["python3", script],
            stdin: Array(try JSONEncoder().encode(requests))
        )
        try #require(outcome.exit == .code(0), "\(outcome.errorText), \(generator)")
        let expected = try JSONDecoder().decode([String].self, from: Data(outcome.stdout))
        try #require(expected.count == requests.count)
        for (request, expected) in zip(requests, expected) {
            #expect(try request.authorization() == expected, "\(request), \(generator)")
        }
    }

    struct Request: Encodable, Sendable {
        let method: String
        let path: String
        let fields: [String: String]
        let body: Data
        let region: String
        let service: String
        let accessKeyID: String
        let secretAccessKey: String
        let sessionToken: String?
        let date: String

        init(using generator: inout SeededGenerator) {
            func text(_ characters: String, _ length: ClosedRange<Int>) -> String {
                let all = Array(characters)
                return String(
                    (0..<Int.random(in: length, using: &generator)).map { _ in
                        all[Int.random(in: 0..<all.count, using: &generator)]
                    }
                )
            }
            let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
            let seconds = Double(Int.random(in: 0...4_000_000_000, using: &generator))
            self.date = AWSSignature.timestamp(Date(timeIntervalSince1970: seconds))
            self.method = Bool.random(using: &generator) ? "POST" : "GET"
            self.path = "/"
            self.body = Data(generator.bytes(Int.random(in: 0...3000, using: &generator)))
            self.region = text("abcdefghij-0123456789", 1...20)
            self.service = Bool.random(using: &generator) ? "kms" : text("abcdefgh", 1...10)
            self.accessKeyID = text(letters, 16...20)
            self.secretAccessKey = text(letters + "/+=", 1...80)
            self.sessionToken = Bool.random(using: &generator) ? text(letters + "/+=", 100...900) : nil
            var fields = [
                "Host": text("abcdefghij", 1...20) + (Bool.random(using: &generator) ? "" : ":5000"),
                "X-Amz-Date": self.date,
            ]
            fields["X-Amz-Security-Token"] = self.sessionToken
            // Names are told apart by their numbers: two that differ in case alone would be one field.
            for number in 0..<Int.random(in: 0...5, using: &generator) {
                fields["X-\(number)" + text(letters, 1...10)] = text(letters + "   ;,:\"'/=", 0...60)
            }
            self.fields = fields
        }

        func authorization() throws -> String {
            let credentials = AWSCredentials(
                accessKeyID: self.accessKeyID,
                secretAccessKey: self.secretAccessKey,
                sessionToken: self.sessionToken
            )
            return try AWSSignature(credentials: credentials, region: self.region, service: self.service)
                .authorization(
                    method: self.method,
                    path: self.path,
                    fields: self.fields,
                    body: Array(self.body),
                    at: try Date(
                        self.date,
                        strategy: Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
                    )
                )
        }
    }
}
