import Dispatch
import GRDB
import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaCatalog

@Suite("Group commit", .timeLimit(.minutes(5)))
struct CommitQueueTests {
    /// What `onCommit` was told.
    private final class Commits: Sendable {
        private let sizes = Mutex<[Int]>([])

        func add(_ writes: Int) { self.sizes.withLock { $0.append(writes) } }
        var all: [Int] { self.sizes.withLock { $0 } }
        func forget() { self.sizes.withLock { $0 = [] } }
    }

    private let folder: TemporaryFolder
    private let commits = Commits()

    init() throws { self.folder = try TemporaryFolder() }

    private func open(delay: Duration = .zero) async throws -> SQLiteCatalog {
        let commits = self.commits
        let path = self.folder.path("catalog.sqlite")
        let catalog = try await SQLiteCatalog.open(path: path, commitDelay: delay) { writes, _ in commits.add(writes) }
        try await catalog.add(Samples.envelopeKey)
        commits.forget()
        return catalog
    }

    /// Runs `body` while the writer is busy, so that what is written meanwhile waits; then lets it go on.
    private func whileBusy<Value: Sendable>(
        _ catalog: SQLiteCatalog,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let release = DispatchSemaphore(value: 0)
        let (isBusy, signal) = AsyncStream<Void>.makeStream()
        catalog.pool.asyncWriteWithoutTransaction { _ in
            signal.yield()
            _ = release.wait(timeout: .now() + Patience.timeMax / .seconds(1))
        }
        for await _ in isBusy { break }
        defer { release.signal() }
        return try await body()
    }

    private func waitUntil(_ count: Int, writesWaitIn catalog: SQLiteCatalog) async throws {
        while catalog.commits.waitingCount < count { try await Task.sleep(for: .milliseconds(1)) }
    }

    private typealias Write = @Sendable (SQLiteCatalog) async throws -> Void

    /// Starts the writes one after the other, each of them waiting in the queue before the next one is made.
    private func start(_ writes: [Write], on catalog: SQLiteCatalog) async throws -> [Task<Void, any Error>] {
        try await self.whileBusy(catalog) {
            var tasks: [Task<Void, any Error>] = []
            for write in writes {
                tasks.append(Task { try await write(catalog) })
                try await self.waitUntil(tasks.count, writesWaitIn: catalog)
            }
            return tasks
        }
    }

    @Test("makes one transaction of what waits at once, at most 64 writes")
    func writesShareATransaction() async throws {
        let catalog = try await self.open()
        let versions = (0..<100).map { _ in Samples.version() }
        let begin = versions.map { version -> Write in { try await $0.begin(version) } }
        for task in try await self.start(begin, on: catalog) { try await task.value }
        #expect(self.commits.all == [64, 36])
        for version in versions {
            let found = try await catalog.version(version.ref)
            #expect(found == version)
        }
    }

    @Test("makes few transactions of many uploads at once, and loses none")
    func manyUploadsShareSyncs() async throws {
        let catalog = try await self.open()
        let versions = (0..<64).map { _ in Samples.version() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for version in versions { group.addTask { _ = try await catalog.finish(catalog.begin(version)) } }
            try await group.waitForAll()
        }
        let sizes = self.commits.all
        #expect(sizes.reduce(0, +) == 128)
        #expect(sizes.count <= 64, "\(sizes)")
        #expect(sizes.allSatisfy { (1...64).contains($0) })
    }

    @Test("keeps the order in which the writes came")
    func theOrderIsKept() async throws {
        let catalog = try await self.open()
        let order = Mutex<[Int]>([])
        let writes = (0..<10).map { number -> Write in
            { catalog in try await catalog.commit { _ in order.withLock { $0.append(number) } } }
        }
        for task in try await self.start(writes, on: catalog) { try await task.value }
        #expect(order.withLock { $0 } == Array(0..<10))
    }

    @Test("refuses one write alone, with all that it did")
    func aConflictIsAlone() async throws {
        let catalog = try await self.open()
        let ready = try await catalog.addReady()
        self.commits.forget()
        let versions = (0..<9).map { number in
            // The fifth takes a blob, then finds that its version is there.
            number == 4 ? Samples.version(1, of: ready.ref.asset) : Samples.version()
        }
        let writes = versions.map { version -> Write in
            { catalog in
                try await catalog.commit { database in
                    try SQLiteCatalog.insert(version.source, in: database)
                    let first = version.createdAt
                    try SQLiteCatalog.insertAsset(version.ref.asset, of: .default, createdAt: first, in: database)
                    try SQLiteCatalog.insert(version, source: version.source.id, in: database)
                }
            }
        }
        for (number, task) in try await self.start(writes, on: catalog).enumerated() {
            let result = await task.result
            if number == 4 {
                let error = #expect(throws: CatalogError.self) { try result.get() }
                #expect(error?.code == .conflict)
            } else {
                try result.get()
            }
        }
        #expect(self.commits.all == [8])
        for (number, version) in versions.enumerated() {
            let known = try await catalog.known(among: [version.source.id])
            #expect(known.isEmpty == (number == 4))
        }
        let findings = try await catalog.audit(repairs: false)
        #expect(findings.isEmpty)
    }

    @Test("does the rest again where one write fills the disk and takes the transaction with it")
    func aFullDiskFailsOneWrite() async throws {
        let catalog = try await self.open()
        try await catalog.pool.writeWithoutTransaction { connection in
            let pages = try Int.fetchOne(connection, sql: "PRAGMA page_count") ?? 0
            try connection.execute(sql: "PRAGMA max_page_count = \(pages + 20)")
        }
        let runs = Mutex(0)
        let small = [Samples.version(), Samples.version()]
        let writes: [Write] = [
            { catalog in
                try await catalog.commit { database in
                    runs.withLock { $0 += 1 }
                    try SQLiteCatalog.insert(small[0].source, in: database)
                }
            },
            { catalog in
                try await catalog.commit { database in
                    try database.execute(sql: "CREATE TABLE large (bytes BLOB)")
                    try database.execute(sql: "INSERT INTO large VALUES (zeroblob(1000000))")
                }
            }, { catalog in try await catalog.commit { try SQLiteCatalog.insert(small[1].source, in: $0) } },
        ]
        let tasks = try await self.start(writes, on: catalog)
        try await tasks[0].value
        let error = await #expect(throws: CatalogError.self) { try await tasks[1].value }
        #expect(error?.code == .full)
        try await tasks[2].value
        // SQLite gave the whole transaction up: that is what this test is about.
        #expect(runs.withLock { $0 } == 2)
        #expect(self.commits.all == [2])
        let known = try await catalog.known(among: small.map(\.source.id))
        #expect(known.count == 2)
    }

    @Test("fails all of a batch whose commit fails", arguments: [FaultyDisk.Fault.error, .full])
    func aFailedCommitFailsAll(_ fault: FaultyDisk.Fault) async throws {
        let disk = FaultyDisk(folder: self.folder.path)
        defer { disk.remove() }
        let catalog = try await self.open()
        let versions = (0..<5).map { _ in Samples.version() }
        let begin = versions.map { version -> Write in { try await $0.begin(version) } }
        disk.inject(FaultPlan(failAt: 1), fault)
        for task in try await self.start(begin, on: catalog) {
            let error = await #expect(throws: CatalogError.self) { try await task.value }
            #expect(error?.code == (fault == .full ? .full : .syncFailed))
        }
        #expect(self.commits.all.isEmpty)
        #expect(disk.hits == 1)
        let page = try await catalog.page(after: nil, limit: 10)
        #expect(page.isEmpty)
    }

    @Test("does what waits before the catalog closes, and refuses what comes after")
    func closingWaits() async throws {
        let catalog = try await self.open()
        let versions = (0..<70).map { _ in Samples.version() }
        let refusal = Refusal()
        let (tasks, closing) = try await self.whileBusy(catalog) {
            var tasks = versions.map { version in Task { _ = try await catalog.begin(version) } }
            try await self.waitUntil(70, writesWaitIn: catalog)
            let closing = Task { try await catalog.close() }
            // Once it is closing, nothing is taken any more; what came before that waits with the others.
            var taken = 70
            while refusal.error == nil {
                let late = Task<Void, any Error> {
                    do { try await catalog.checkHealth() } catch { refusal.set(error) }
                }
                tasks.append(late)
                let isAnswered = try await comesAbout(every: .milliseconds(1)) {
                    catalog.commits.waitingCount > taken || refusal.error != nil
                }
                try #require(isAnswered)
                taken = catalog.commits.waitingCount
            }
            #expect(refusal.error?.detail == "the catalog is closed")
            return (tasks, closing)
        }
        for task in tasks { try await task.value }
        try await closing.value
        let again = try await SQLiteCatalog.open(path: self.folder.path("catalog.sqlite"))
        for version in versions {
            let found = try await again.version(version.ref)
            #expect(found == version)
        }
    }

    @Test("waits for others as long as it is told")
    func theFirstWaits() async throws {
        let delay = Duration.milliseconds(500)
        let catalog = try await self.open(delay: delay)
        #expect(try await comesAbout { catalog.commits.isIdle })
        let start = ContinuousClock.now
        _ = try await catalog.begin(Samples.version())
        #expect(.now - start >= delay)
    }

    @Test("waits no longer once a batch is full, or the catalog closes")
    func aFullBatchGoes() async throws {
        let commits = self.commits
        let path = self.folder.path("catalog.sqlite")
        let first = try await self.open()
        try await first.close()
        commits.forget()
        let catalog = try await SQLiteCatalog.open(path: path, commitDelay: .seconds(3600)) { writes, _ in
            commits.add(writes)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 { group.addTask { _ = try await catalog.begin(Samples.version()) } }
            try await group.waitForAll()
        }
        #expect(commits.all == [64])
        let last = Task { try await catalog.begin(Samples.version()) }
        while catalog.commits.waitingCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
        try await catalog.close()
        _ = try await last.value
        #expect(commits.all == [64, 1])
    }
}

/// What a write was told that is not taken.
private final class Refusal: Sendable {
    private let state = Mutex<CatalogError?>(nil)
    var error: CatalogError? { self.state.withLock { $0 } }
    func set(_ error: any Error) { self.state.withLock { $0 = error as? CatalogError } }
}
