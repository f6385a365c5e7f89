import Foundation
import Synchronization

/// What a KMS with one key answers to the calls that the service makes, without any secrecy; ``CannedServer`` sends it.
package final class MemoryKMS: Sendable {
    private struct Request: Decodable {
        let keyID: String
        let plaintext: String?
        let ciphertext: String?
        let context: [String: String]?

        enum CodingKeys: String, CodingKey {
            case keyID = "KeyId"
            case plaintext = "Plaintext"
            case ciphertext = "CiphertextBlob"
            case context = "EncryptionContext"
        }
    }

    private struct State {
        /// By what stands for them, the plaintexts (base64) and what they are bound to.
        var sealed: [String: (plaintext: String, context: [String: String])] = [:]
        var isAway = false
    }

    /// The name of its key.
    package static let arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"

    private let state = Mutex(State())

    package init() {}

    /// Whether it hangs up on every request.
    package var isAway: Bool {
        get { self.state.withLock { $0.isAway } }
        set { self.state.withLock { $0.isAway = newValue } }
    }

    /// - Parameter request: head and body, as they came.
    package func answer(_ request: String) -> CannedServer.Answer {
        if self.isAway { return .hangUp }
        guard let operation = request.firstMatch(of: /(?i)x-amz-target: TrentService\.([a-z]+)/)?.1,
            let head = request.range(of: "\r\n\r\n"),
            let said = try? JSONDecoder().decode(Request.self, from: Data(request[head.upperBound...].utf8)),
            said.keyID == Self.arn
        else { return .said(400, #"{"__type":"NotFoundException"}"#) }
        switch operation {
        case "DescribeKey": return .said(200, #"{"KeyMetadata":{"Arn":"\#(Self.arn)","KeyState":"Enabled"}}"#)
        case "GenerateDataKey":
            let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
            return .said(200, self.seal(key, said.context, #","Plaintext":"\#(key)""#))
        case "Encrypt": return .said(200, self.seal(said.plaintext ?? "", said.context, ""))
        case "Decrypt":
            let sealed = self.state.withLock { $0.sealed[said.ciphertext ?? ""] }
            guard let sealed, sealed.context == said.context else {
                return .said(400, #"{"__type":"InvalidCiphertextException"}"#)
            }
            return .said(200, #"{"KeyId":"\#(Self.arn)","Plaintext":"\#(sealed.plaintext)"}"#)
        default: return .said(400, #"{"__type":"UnsupportedOperationException"}"#)
        }
    }

    private func seal(_ plaintext: String, _ context: [String: String]?, _ rest: String) -> String {
        let ciphertext = self.state.withLock { state in
            let name = Data("sealed \(state.sealed.count)".utf8).base64EncodedString()
            state.sealed[name] = (plaintext, context ?? [:])
            return name
        }
        return #"{"CiphertextBlob":"\#(ciphertext)","KeyId":"\#(Self.arn)"\#(rest)}"#
    }
}
