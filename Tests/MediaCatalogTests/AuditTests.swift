import Dispatch
import FoundationEssentials
import GRDB
import Glibc
import MediaModel
import MediaTesting
import Testing

@testable import MediaCatalog

@Suite("An audit", .timeLimit(.minutes(5)))
struct AuditTests {
    /// Something wrong that was put in, and what must be found of it; `ASSET` stands for the ready version's asset.
    struct Damage: Sendable, CustomTestStringConvertible {
        var sql: String
        var found: [String]
        /// Whether it is put right.
        var isRepaired = false

        var testDescription: String { self.sql }
    }

    private static let empty = "01jd0000000000000000000000"

    static let damages = [
        Damage(
            sql: "UPDATE usage SET bytes = bytes + 1",
            found: ["usage-differs: usage default: 4 versions"],
            isRepaired: true
        ),
        Damage(
            sql: "UPDATE usage SET files = 0, blobs = -3",
            found: ["usage-differs: usage default: 0 versions, -3"],
            isRepaired: true
        ),
        Damage(sql: "DELETE FROM usage", found: ["usage-differs: usage default: 0 versions"], isRepaired: true),
        Damage(
            sql: "INSERT INTO usage VALUES ('nobody', 1, 0, 0)",
            found: ["usage-differs: usage nobody: 1 versions"],
            isRepaired: true
        ),
        Damage(
            sql: "UPDATE assets SET latest_ready = NULL WHERE id = 'ASSET'",
            found: ["latest-differs: assets ASSET: latest is none; it should be 1"],
            isRepaired: true
        ),
        Damage(
            sql: "UPDATE assets SET latest_ready = 2 WHERE id = 'ASSET'",
            found: ["latest-differs: assets ASSET: latest is 2, which is not ready; it should be 1"],
            isRepaired: true
        ),
        Damage(
            sql: "UPDATE assets SET last_version = 1 WHERE id = 'ASSET'",
            found: ["number-above-last: assets ASSET: it has version 2, its last number is 1"]
        ),
        Damage(
            sql:
                "INSERT INTO assets (id, tenant, created_ms, last_version) VALUES ('\(Self.empty)', 'x', 0, 1)",
            found: ["asset-empty: assets \(Self.empty)"]
        ),
        Damage(
            sql: "UPDATE assets SET deleted_ms = 1, erased = 1, latest_ready = NULL WHERE id = 'ASSET'",
            found: ["erased-not-empty: assets ASSET: it is erased and has version 2"]
        ),
        Damage(
            sql: "UPDATE versions SET presets_json = '[1]' WHERE asset = 'ASSET' AND number = 1",
            found: ["unreadable: versions ASSET/v1: presets_json"]
        ),
        Damage(
            sql: "UPDATE renditions SET recipe_json = '{}' WHERE preset = 'preview'",
            found: ["unreadable: renditions ASSET/v1/preview", "rendition-missing: versions ASSET/v1"]
        ),
        Damage(
            sql: "DELETE FROM renditions WHERE preset = 'preview'",
            found: [
                "rendition-missing: versions ASSET/v1: it is ready without a rendition 'preview'",
                "blob-unnamed: blobs ",
            ]
        ),
        Damage(
            sql: "UPDATE renditions SET preset = 'other' WHERE preset = 'preview'",
            found: [
                "rendition-missing: versions ASSET/v1",
                "rendition-extra: versions ASSET/v1: it is ready and has a rendition 'other'",
            ]
        ),
        Damage(
            sql: "UPDATE versions SET presets_json = '[]' WHERE asset = 'ASSET' AND number = 1",
            found: ["rendition-extra: versions ASSET/v1", "rendition-extra: versions ASSET/v1"]
        ),
        Damage(
            sql: "UPDATE blobs SET removed = 1 WHERE variant = 'preview.webp'",
            found: ["blob-removed: blobs "]
        ),
        Damage(
            sql: "UPDATE blobs SET removed = 0 WHERE removed = 1",
            found: ["blob-unnamed: blobs "]
        ),
        Damage(
            sql: "DELETE FROM envelope_keys WHERE id = 'second'",
            found: ["foreign-key: 1 rows of blobs name rows of envelope_keys", "envelope-key-missing: blobs "]
        ),
        Damage(
            sql: "UPDATE idempotency_keys SET version = 7",
            found: [
                "foreign-key: 1 rows of idempotency_keys name rows of versions",
                "idempotency-key-dangling: idempotency_keys: there is no version ASSET/v7",
            ]
        ),
    ]

    private let folder: TemporaryFolder

    init() throws { self.folder = try TemporaryFolder() }

    /// One ready version, one that is processing, one that failed, one under another envelope key.
    private func fill(_ catalog: SQLiteCatalog) async throws -> AssetVersion {
        let version = Samples.version()
        let terms = CommitTerms(idempotencyKey: IdempotencyKey("key"))
        let ready = try await catalog.finish(catalog.begin(version, terms: terms))
        _ = try await catalog.addProcessing(2, of: ready.ref.asset)
        _ = try await catalog.addFailed()
        try await catalog.add(Samples.key("second"))
        let ref = VersionRef(asset: .make(), number: .first)
        let source = Samples.blob(of: ref, envelopeKey: EnvelopeKeyID("second"))
        try await catalog.begin(Samples.version(of: ref.asset, source: source))
        return ready
    }

    @Test("finds what is wrong, tells where, and puts right what follows from the rest", arguments: Self.damages)
    func damageIsFound(_ damage: Damage) async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.folder.path("catalog.sqlite"))
        let ready = try await self.fill(catalog)
        let asset = ready.ref.asset.description
        let sound = try await catalog.audit(repairs: false)
        try #require(sound.isEmpty)
        let usage = try await catalog.usage(of: .default)
        try await catalog.pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.execute(sql: damage.sql.replacing("ASSET", with: asset))
            try database.execute(sql: "PRAGMA foreign_keys = ON")
        }
        for (isRepairing, isRepaired) in [(false, false), (true, damage.isRepaired)] {
            let findings = try await catalog.audit(repairs: isRepairing)
            try #require(findings.count == damage.found.count, "\(findings)")
            for (finding, expected) in zip(findings, damage.found) {
                let text = "\(finding.code): \(finding.detail)"
                #expect(text.hasPrefix(expected.replacing("ASSET", with: asset)), "\(text)")
                #expect(finding.isRepaired == isRepaired, "\(text)")
            }
        }
        let after = try await catalog.audit(repairs: false)
        #expect(after.isEmpty == damage.isRepaired, "\(after)")
        guard damage.isRepaired else { return }
        let found = try await catalog.version(ready.ref)
        #expect(found == ready)
        let latest = try await catalog.latest(of: ready.ref.asset)
        #expect(latest == .first)
        let counted = try await catalog.usage(of: .default)
        #expect(counted == usage)
    }

    @Test("puts sums right under uploads, without losing one")
    func sumsAreRepairedUnderUploads() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.folder.path("catalog.sqlite"))
        _ = try await self.fill(catalog)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for _ in 0..<60 { _ = try await catalog.addReady() } }
            group.addTask {
                for _ in 0..<10 {
                    try await catalog.commit { try $0.execute(sql: "UPDATE usage SET bytes = bytes + 1000") }
                    let findings = try await catalog.audit(repairs: true)
                    #expect(findings.map(\.code) == ["usage-differs"])
                }
            }
            try await group.waitForAll()
        }
        let findings = try await catalog.audit(repairs: false)
        #expect(findings.isEmpty)
    }

    @Test("does not hold up commits")
    func commitsGoOn() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.folder.path("catalog.sqlite"))
        let (isReading, signal) = AsyncStream<Void>.makeStream()
        let release = DispatchSemaphore(value: 0)
        // What an audit and a back-up hold while they read.
        async let reading = SQLiteCatalog.blocking("test") {
            try catalog.withReader { reader in
                try reader.read { database in
                    let before = try Int.fetchOne(database, sql: "SELECT count(*) FROM blobs")
                    signal.yield()
                    let isReleased = release.wait(timeout: .now() + Patience.timeMax / .seconds(1)) == .success
                    return try isReleased && Int.fetchOne(database, sql: "SELECT count(*) FROM blobs") == before
                }
            }
        }
        for await _ in isReading { break }
        let ready = try await catalog.addReady()
        let found = try await catalog.version(ready.ref)
        #expect(found == ready)
        release.signal()
        #expect(try await reading)
    }

    @Test("tells of a thousand things of a kind, and how many more there are")
    func findingsAreBounded() async throws {
        let catalog = try await SQLiteCatalog.openWithKey(path: self.folder.path("catalog.sqlite"))
        try await catalog.pool.write { database in
            for number in 0..<1005 {
                let id = Samples.assetID(number).description
                let insert = "INSERT INTO assets (id, tenant, created_ms, last_version) VALUES (?, 'default', 0, 1)"
                try database.execute(sql: insert, arguments: [id])
            }
        }
        let findings = try await catalog.audit(repairs: false)
        #expect(findings.count == 1001)
        #expect(findings.last?.detail == "and 5 more of these")
        #expect(findings.allSatisfy { $0.code == "asset-empty" })
    }

    @Test("stops at a damaged file, whose rows mean nothing")
    func aDamagedFileIsTold() async throws {
        let path = self.folder.path("catalog.sqlite")
        let catalog = try await SQLiteCatalog.openWithKey(path: path)
        // So many that the tables' own definitions are in the first half of the file, which stays as it is.
        for _ in 0..<200 { _ = try await catalog.addReady() }
        try await catalog.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        for index in bytes.indices.dropFirst(bytes.count / 2) where index % 997 == 0 { bytes[index] ^= 0xFF }
        let file = try #require(fopen(path, "r+"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        let findings = try await catalog.audit(repairs: true)
        #expect(!findings.isEmpty)
        #expect(findings.allSatisfy { $0.code == "integrity" && !$0.isRepaired })
    }
}
