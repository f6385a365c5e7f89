import MediaCatalog
import MediaModel
import MediaTesting
import Testing

@Suite("Random operations", .timeLimit(.minutes(5)))
struct CatalogWalkTests {
    @Test("give the same in SQLite as in memory, one by one and in the end", arguments: 1...40)
    func theyGiveTheSame(_ seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        let catalog = try await SQLiteCatalog.open(path: folder.path("catalog.sqlite"))
        let model = MemoryCatalog()
        var walk = CatalogWalk(seed: seed)
        for step in 1...150 {
            let operation = walk.next()
            let found = try await operation.run(on: catalog)
            let expected = try await operation.run(on: model)
            try #require(found == expected, "step \(step) of seed \(seed): \(operation)")
        }
        let found = try await catalog.digest()
        let expected = try await model.digest()
        #expect(found == expected, "seed \(seed)")
        let findings = try await catalog.audit(repairs: false)
        #expect(findings.isEmpty, "seed \(seed)")
    }
}
