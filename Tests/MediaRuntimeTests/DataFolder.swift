import FoundationEssentials
import Glibc
import Logging
import MediaModel
import MediaOrigin
import MediaTesting
import Synchronization
import Testing

@testable import MediaRuntime

/// A data folder with some pictures, and nobody in it.
struct DataFolder {
    let scratch: TemporaryFolder
    var settings: Settings

    var path: String { self.settings.dataDirectory }

    init() throws {
        self.scratch = try TemporaryFolder()
        self.settings = Settings()
        self.settings.dataDirectory = self.scratch.path("data")
    }

    /// Makes it, with `count` versions, each with a source and no rendition.
    func filled(_ count: Int = 3) async throws -> DataFolder {
        try await self.withStorage { storage in
            for number in 0..<count {
                let ref = VersionRef(asset: .make(), number: .first)
                let identity = BlobIdentity(
                    tenant: .default,
                    version: ref,
                    variant: "original",
                    mediaType: "image/png",
                    createdAt: Samples.moment
                )
                let source = try await storage.vault.put(Samples.bytes(40_000, seed: UInt8(number)), as: identity)
                let version = Samples.version(of: ref.asset, source: source)
                _ = try await storage.catalog.begin(version, terms: CommitTerms())
                storage.vault.settle([source.id])
            }
        }
        return self
    }

    func catalogFiles() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: self.path).filter { $0.hasPrefix("catalog") }
    }

    /// Whose each file is, which file it is, and when it was written to.
    func facts() throws -> [String: [Int]] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: self.path) + [""]
        return Dictionary(
            uniqueKeysWithValues: names.map { name in
                var status = stat()
                #expect(lstat("\(self.path)/\(name)", &status) == 0)
                let time = status.st_mtim
                return (name, [Int(status.st_uid), Int(status.st_ino), time.tv_sec, time.tv_nsec])
            }
        )
    }

    func withStorage<Value>(_ body: (OriginStorage) async throws -> Value) async throws -> Value {
        let storage = try await OriginStorage.open(
            self.settings,
            for: [.default],
            storageFailure: StorageFailure { Issue.record("storage failed: \($0)") }
        )
        return try await withClosing {
            try await body(storage)
        } close: {
            await storage.close()
        }
    }

    func run(_ name: String, _ options: [String: String] = [:]) async throws -> [OperationLine] {
        let lines = Lines()
        try await OfflineOrigin.run(
            name,
            options,
            settings: self.settings,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            report: { lines.add($0) }
        )
        return lines.all
    }
}

/// What an operation says.
private final class Lines: Sendable {
    private let list = Mutex<[OperationLine]>([])

    var all: [OperationLine] { self.list.withLock { $0 } }

    func add(_ line: OperationLine) { self.list.withLock { $0.append(line) } }
}
