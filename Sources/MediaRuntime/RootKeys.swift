import Logging
import MediaModel
import MediaSealing

/// Where the root keys are, as the settings have it: a KMS, with the key ring that it has taken over from while one is
/// needed, or the key ring file.
enum RootKeys: Sendable {
    case ring(KeyRing)
    case kms(KMSKeyProvider, former: KeyRing?)

    /// - Parameter mayCreate: make a key ring where there is none. A former ring is never made.
    /// - Throws: ``KeyError``.
    static func open(_ settings: Settings, mayCreate: Bool) throws -> RootKeys {
        let kms = settings.kms
        // Settings that name a key name the rest as well; their rules see to that.
        guard let keyID = kms.keyID, let region = kms.region, let accessKeyID = kms.accessKeyID,
            let secretAccessKey = kms.secretAccessKey
        else { return .ring(try KeyRing.openOrCreate(settings.keyRingPath, mayCreate: mayCreate)) }
        // Before the KMS's client, which would have to be closed again.
        let former = try settings.keys.formerRingPath.map { try KeyRing.open($0) }
        let provider = try KMSKeyProvider(
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
        return .kms(provider, former: former)
    }

    var provider: any KeyProvider {
        switch self {
        case .ring(let ring): ring
        case .kms(let kms, former: nil): kms
        case .kms(let kms, former: .some(let ring)): KeySuccession(of: ring, by: kms)
        }
    }

    /// Throws ``KeyError`` where root keys that stored blobs need are at neither place. A ring of another service opens
    /// nothing either; that is better known now than at the first read. A KMS is asked by whoever needs a key, and may
    /// be away.
    func check(against catalog: any Catalog) async throws {
        let keys = try await catalog.envelopeKeys()
        let counts = try await catalog.blobCounts()
        var needed = Set(keys.filter { counts[$0.id] != nil }.map(\.root))
        switch self {
        case .ring(let ring):
            try Self.check(ring, "the key ring", hasLines: needed.filter { !$0.isARN })
            try Self.check(nothingNeeds: needed.filter(\.isARN), "a KMS", set: "kms.key.id (and the rest of kms.…)")
        case .kms(_, former: .some(let ring)):
            try Self.check(ring, "the former key ring", hasLines: needed.filter { !$0.isARN })
        case .kms(_, former: nil):
            // The newest key, too: new blobs would wait for the end of its epoch.
            needed.formUnion(Self.newest(keys).map(\.root))
            try Self.check(
                nothingNeeds: needed.filter { !$0.isARN },
                "a key ring",
                set: "key.ring.former.path to that ring, and leave it there until `mediactl keys rewrap` has moved "
                    + "everything to the KMS"
            )
        }
    }

    /// The key of each tenant that its new blobs go under.
    private static func newest(_ keys: [EnvelopeKeyRecord]) -> [EnvelopeKeyRecord] {
        var tenants: Set<Tenant> = []
        return keys.filter { $0.wrapped != nil && tenants.insert($0.tenant).inserted }
    }

    private static func check(_ ring: KeyRing, _ name: String, hasLines needed: Set<RootKeyID>) throws {
        let missing = Set(needed.map(\.description)).subtracting(ring.ids.map(\.description)).sorted()
        guard !missing.isEmpty else { return }
        throw KeyError(
            .badKeyRing,
            detail: "\(name) lacks keys that stored blobs need: \(missing.joined(separator: ", ")); put their lines "
                + "back from the back-up of the ring"
        )
    }

    private static func check(nothingNeeds roots: Set<RootKeyID>, _ place: String, set setting: String) throws {
        guard !roots.isEmpty else { return }
        let names = roots.map(\.description).sorted().joined(separator: ", ")
        throw KeyError(.unavailable, detail: "keys of this store are wrapped under \(place) (\(names)): set \(setting)")
    }

    /// Ends the connections to a KMS. Only when nothing uses it any more.
    func close() async {
        guard case .kms(let kms, _) = self else { return }
        do {
            try await kms.shutdown()
        } catch {
            Logger.current.warning("The KMS client was not closed", metadata: ["error": "\(String(reflecting: error))"])
        }
    }
}
