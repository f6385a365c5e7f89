import FoundationEssentials
import Logging
import MediaModel
import MediaOrigin
import MediaSealing
import MediaTesting
import Synchronization
import Testing

@testable import MediaRuntime

/// A store moves from a key ring to a KMS (docs/OPERATIONS.md, "From a key ring to a KMS").
@Suite("From a key ring to a KMS", .timeLimit(.minutes(5)))
struct KeySuccessionTests {
    /// A data folder on a key ring, and a KMS beside it.
    private struct Store {
        let scratch: TemporaryFolder
        let ringPath: String
        let memory: MemoryKMS
        let kms: CannedServer
        /// With the ring, as the store began.
        let onRing: Settings

        init() throws {
            self.scratch = try TemporaryFolder()
            self.ringPath = self.scratch.path("ring")
            let memory = MemoryKMS()
            self.memory = memory
            self.kms = try CannedServer { memory.answer($1) }
            var settings = Settings()
            settings.dataDirectory = self.scratch.path("data")
            settings.keys.ringPathGiven = self.ringPath
            self.onRing = settings
        }

        var onKMS: Settings {
            var settings = self.onRing
            settings.kms.keyID = MemoryKMS.arn
            settings.kms.region = "eu-central-1"
            settings.kms.accessKeyID = Secret("AKIDEXAMPLE")
            settings.kms.secretAccessKey = Secret("secret")
            settings.kms.endpoint = self.kms.endpoint
            settings.kms.deadline = .seconds(60)
            return settings
        }

        var onKMSAfterRing: Settings {
            var settings = self.onKMS
            settings.keys.formerRingPath = self.ringPath
            return settings
        }

        func with<Value>(
            _ settings: Settings,
            for tenants: [Tenant] = [.default],
            _ body: (OriginStorage) async throws -> Value
        ) async throws -> Value {
            let storage = try await OriginStorage.open(
                settings,
                for: tenants,
                storageFailure: StorageFailure { Issue.record("storage failed: \($0)") }
            )
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(storage))
            } catch {
                result = .failure(error)
            }
            await storage.close()
            return try result.get()
        }

        /// Three blobs under an envelope key, and one under a line of the ring itself.
        func fill() async throws {
            try await self.with(self.onRing) { storage in
                for number in 0..<3 { try await Self.put(UInt8(number), storage.vault, storage) }
                let line = try await storage.roots.provider.formerEnvelopeKey(KeyRing.open(self.ringPath).ids[0])
                try await storage.catalog.add(
                    EnvelopeKeyRecord(id: line.id, tenant: .default, createdAt: Samples.moment, wrapped: nil)
                )
                let vault = BlobVault(store: storage.store, sealing: SealedBlobs(), keys: OneKey(envelopeKey: line))
                try await Self.put(3, vault, storage)
            }
        }

        static func put(_ seed: UInt8, _ vault: BlobVault, _ storage: OriginStorage) async throws {
            let ref = VersionRef(asset: .make(), number: .first)
            let identity = BlobIdentity(
                tenant: .default,
                version: ref,
                variant: "original",
                mediaType: "image/png",
                createdAt: Samples.moment
            )
            let source = try await vault.put(Samples.bytes(40_000, seed: seed), as: identity)
            let version = Samples.version(of: ref.asset, source: source)
            _ = try await storage.catalog.begin(version, terms: CommitTerms())
            vault.settle([source.id])
        }

        func run(
            _ name: String,
            _ options: [String: String] = [:],
            _ settings: Settings
        ) async throws -> [OperationLine] {
            let lines = Mutex<[OperationLine]>([])
            try await OfflineOrigin.run(
                name,
                options,
                settings: settings,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                report: { line in lines.withLock { $0.append(line) } }
            )
            return lines.withLock { $0 }
        }

        /// Opens every blob to its last byte.
        ///
        /// - Returns: how many there are.
        static func readAll(_ storage: OriginStorage) async throws -> Int {
            let blobs = try await storage.catalog.blobs(after: nil, limit: 100)
            for blob in blobs {
                let reader = try await storage.vault.open(blob)
                #expect(try await reader.read(0..<blob.bytes).count == blob.bytes)
            }
            return blobs.count
        }
    }

    /// What sealed blobs before there were envelope keys.
    private struct OneKey: EnvelopeKeySource {
        let envelopeKey: EnvelopeKey

        func current(for tenant: Tenant) async throws -> EnvelopeKey { self.envelopeKey }

        func key(_ id: EnvelopeKeyID) async throws -> EnvelopeKey { self.envelopeKey }
    }

    private static func refusal(_ store: Store, _ settings: Settings) async throws -> KeyError {
        try await #require(throws: KeyError.self) { try await store.with(settings) { _ in } }
    }

    @Test("every blob opens before, meanwhile and afterwards, and never is there a start that could not open one")
    func theWholeWay() async throws {
        let store = try Store()
        try await store.fill()

        let refused = try await Self.refusal(store, store.onKMS)
        #expect(refused.code == .unavailable)
        #expect(refused.detail.contains("key.ring.former.path"))
        // Nothing was changed by that: the way back is open.
        #expect(try await store.with(store.onRing, Store.readAll) == 4)

        try await store.with(store.onKMSAfterRing) { storage in
            #expect(try await Store.readAll(storage) == 4)
            try await Store.put(4, storage.vault, storage)
        }
        #expect(try await store.run("keys-rotate", [:], store.onKMSAfterRing).last?.kind == .done)
        try await store.with(store.onKMSAfterRing) { try await Store.put(5, $0.vault, $0) }
        // From here on the ring alone is too little.
        let back = try await Self.refusal(store, store.onRing)
        #expect(back.detail.contains("kms.key.id"))
        #expect(try await Self.refusal(store, store.onKMS).code == .unavailable)

        #expect(try await store.run("keys-rewrap", [:], store.onKMSAfterRing).last?.kind == .done)
        let former = try KeyRing.open(store.ringPath).ids[0].description
        #expect(try await store.run("keys-retire", ["key": former], store.onKMSAfterRing).last?.kind == .done)
        let roots = try await store.run("keys-list", [:], store.onKMSAfterRing).filter { $0.kind == .row }
        #expect(!roots.isEmpty && roots.allSatisfy { $0.fields["rootKey"] == MemoryKMS.arn })

        try FileManager.default.removeItem(atPath: store.ringPath)
        #expect(try await store.with(store.onKMS, Store.readAll) == 6)
        #expect(try await store.run("fsck", [:], store.onKMS).filter { $0.kind == .finding }.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: store.ringPath))
    }

    @Test("an outage of the KMS is none of what the ring opens, nor of uploads in the epoch that is")
    func outage() async throws {
        let store = try Store()
        try await store.fill()
        store.memory.isAway = true
        try await store.with(store.onKMSAfterRing, for: []) { storage in
            let error = try await #require(throws: KeyError.self) {
                _ = try await Rotate(keys: storage.keys)(.default) { _ in }
            }
            #expect(error.code == .unreachable)
            #expect(try await Store.readAll(storage) == 4)
            try await Store.put(4, storage.vault, storage)
            // Opened from the ring, which says nothing of the KMS.
            await #expect(throws: KeyError.self) { _ = try await Rotate(keys: storage.keys)(.default) { _ in } }
            store.memory.isAway = false
            let isRotated = try await comesAbout(every: .milliseconds(100)) {
                (try? await Rotate(keys: storage.keys)(.default) { _ in }) != nil
            }
            #expect(isRotated)
            #expect(try await Store.readAll(storage) == 5)
        }
    }

    @Test("a former ring must be there, and have the lines that blobs need")
    func wrongRing() async throws {
        let store = try Store()
        try await store.fill()
        var settings = store.onKMSAfterRing
        settings.keys.formerRingPath = store.scratch.path("nowhere")
        #expect(try await Self.refusal(store, settings).code == .badKeyRing)
        #expect(!FileManager.default.fileExists(atPath: store.scratch.path("nowhere")))
        _ = try KeyRing.openOrCreate(store.scratch.path("another"), mayCreate: true)
        settings.keys.formerRingPath = store.scratch.path("another")
        let error = try await Self.refusal(store, settings)
        #expect(error.code == .badKeyRing)
        #expect(error.detail.contains(try KeyRing.open(store.ringPath).ids[0].description))
    }

    @Test("a store without a blob, whose newest key is the ring's, is not one that no upload could be sealed in")
    func noBlobYet() async throws {
        let store = try Store()
        try await store.with(store.onRing) { _ in }
        #expect(try await Self.refusal(store, store.onKMS).detail.contains("key.ring.former.path"))
        #expect(try await store.run("keys-rewrap", [:], store.onKMSAfterRing).last?.kind == .done)
        try await store.with(store.onKMS) { try await Store.put(0, $0.vault, $0) }
    }

    @Test("the ring is only read: its lines are retired with the file")
    func retiring() async throws {
        let store = try Store()
        try await store.fill()
        _ = try await store.run("keys-rotate", ["root": "true"], store.onRing)
        let unused = try KeyRing.open(store.ringPath).ids[0].description
        let before = try Data(contentsOf: URL(filePath: store.ringPath))
        let last = try await store.run("keys-retire", ["key": unused], store.onKMSAfterRing).last
        #expect(last?.kind == .failed)
        #expect(last?.text.contains("key.ring.former.path") == true)
        #expect(try Data(contentsOf: URL(filePath: store.ringPath)) == before)
    }
}
