import Logging
import MediaModel
import MediaSealing

/// Where the root keys are, as the settings have it: a KMS, or the key ring file.
enum RootKeys: Sendable {
    case ring(KeyRing)
    case kms(KMSKeyProvider)

    /// - Parameter mayCreate: make a key ring where there is none.
    /// - Throws: ``KeyError``.
    static func open(_ settings: Settings, mayCreate: Bool) throws -> RootKeys {
        let kms = settings.kms
        // Settings that name a key name the rest as well; their rules see to that.
        guard let keyID = kms.keyID, let region = kms.region, let accessKeyID = kms.accessKeyID,
            let secretAccessKey = kms.secretAccessKey
        else { return .ring(try KeyRing.openOrCreate(settings.keyRingPath, mayCreate: mayCreate)) }
        return .kms(
            try KMSKeyProvider(
                keyID: keyID,
                region: region,
                credentials: AWSCredentials(
                    accessKeyID: accessKeyID.value,
                    secretAccessKey: secretAccessKey.value,
                    sessionToken: kms.sessionToken?.value
                ),
                endpoint: kms.endpoint,
                deadline: kms.deadline
            )
        )
    }

    var provider: any KeyProvider {
        switch self {
        case .ring(let ring): ring
        case .kms(let kms): kms
        }
    }

    /// Throws ``KeyError`` where the ring lacks a root key that stored blobs need. A ring of another service opens
    /// nothing either; that is better known now than at the first read. A KMS is asked by whoever needs a key, and may
    /// be away.
    func check(against catalog: any Catalog) async throws {
        guard case .ring(let ring) = self else { return }
        let there = Set(ring.ids.map(\.description))
        let counts = try await catalog.blobCounts()
        let needed = try await catalog.envelopeKeys().filter { counts[$0.id] != nil }
            .map { $0.wrapped?.rootKey.description ?? $0.id.description }
        let missing = Set(needed).subtracting(there).sorted()
        guard missing.isEmpty else {
            throw KeyError(
                .badKeyRing,
                detail: "the key ring lacks keys that stored blobs need: \(missing.joined(separator: ", ")); put their "
                    + "lines back from the back-up of the ring"
            )
        }
    }

    /// Ends the connections to a KMS. Only when nothing uses it any more.
    func close() async {
        guard case .kms(let kms) = self else { return }
        do {
            try await kms.shutdown()
        } catch {
            Logger.current.warning("The KMS client was not closed", metadata: ["error": "\(String(reflecting: error))"])
        }
    }
}
