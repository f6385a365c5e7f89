import MediaCatalog
import MediaModel
import MediaTesting
import Testing

@Suite("Catalog's contract")
struct CatalogContractTests {
    @Test("is kept by SQLite", .timeLimit(.minutes(5)), arguments: CatalogContract.allCases)
    func isKeptBySQLite(_ clause: CatalogContract) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("catalog.sqlite")
        let targets = CatalogContract.purgeTargets
        let catalog = try await SQLiteCatalog.open(path: path, purgeTargets: targets)
        try await clause.check(catalog) {
            try await catalog.close()
            return try await SQLiteCatalog.open(path: path, purgeTargets: targets)
        }
    }

    @Test("is kept in memory", .timeLimit(.minutes(5)), arguments: CatalogContract.allCases)
    func isKeptInMemory(_ clause: CatalogContract) async throws {
        let catalog = MemoryCatalog(purgeTargets: CatalogContract.purgeTargets)
        try await clause.check(catalog) { catalog }
    }
}

@Suite("A fake's faults")
struct FaultInjectionTests {
    @Test("hit the chosen call once, and change nothing")
    func hitOnce() async throws {
        let catalog = MemoryCatalog(keys: [Samples.envelopeKey])
        let version = Samples.version()
        catalog.inject(FaultPlan(failAt: 2), error: CatalogError(.full, detail: "injected"))
        try await catalog.checkHealth()
        let error = await #expect(throws: CatalogError.self) { try await catalog.begin(version) }
        #expect(error?.code == .full)
        #expect(catalog.versions.isEmpty)
        try await catalog.begin(version)
        #expect(catalog.calls == 3)
        #expect(catalog.versions == [version])
    }

    @Test("that stay hit every later call, until they are taken away")
    func stay() async throws {
        let catalog = MemoryCatalog()
        catalog.inject(FaultPlan(failAt: 1, isSticky: true))
        for _ in 0..<3 { await #expect(throws: CatalogError.self) { try await catalog.checkHealth() } }
        catalog.inject(nil)
        try await catalog.checkHealth()
    }
}
