import FoundationEssentials
import Glibc
import Logging
import MediaModel
import MediaTesting
import Synchronization
import Testing

@testable import MediaWorkers

/// A picture for `FakeWorker`: its first line says what the worker does.
struct Picture: PictureSource {
    let content: [UInt8]
    /// What it says of itself.
    let bytes: Int
    let chunkBytes: Int
    /// Called before each chunk.
    let beforeChunk: @Sendable (Int) async throws -> Void

    /// No codec's bytes, so nothing is told by them.
    func opening() -> [UInt8] { [] }

    init(
        _ behaviour: String,
        _ body: [UInt8] = [],
        announced: Int? = nil,
        chunkBytes: Int = 1000,
        beforeChunk: @escaping @Sendable (Int) async throws -> Void = { _ in }
    ) {
        self.content = Array("\(behaviour)\n".utf8) + body
        self.bytes = announced ?? self.content.count
        self.chunkBytes = chunkBytes
        self.beforeChunk = beforeChunk
    }

    func forEachChunk(_ body: ([UInt8]) async throws -> Void) async throws {
        for (index, start) in stride(from: 0, to: self.content.count, by: self.chunkBytes).enumerated() {
            try await self.beforeChunk(index)
            try await body(Array(self.content[start..<min(start + self.chunkBytes, self.content.count)]))
        }
    }
}

enum Jobs {
    static let both = RenderJob(format: .jpeg, limits: PictureLimits(), presets: Preset.defaults)
    static let one = RenderJob(format: .jpeg, limits: PictureLimits(), presets: Array(Preset.defaults.prefix(1)))
    /// The same as ``one``, and what the picture looks like.
    static let described = RenderJob(
        format: .jpeg,
        limits: PictureLimits(),
        presets: one.presets,
        wantsImpression: true
    )
    static func one(_ format: RenditionFormat) -> RenderJob {
        let preset = Preset(name: Preset.defaults[0].name, recipe: Recipe(width: 320, format: format))
        return RenderJob(format: .jpeg, limits: PictureLimits(), presets: [preset])
    }

    static let none = RenderJob(format: .jpeg, limits: PictureLimits(), presets: [])

    /// What `FakeWorker` makes of an honest picture.
    static func renditions(of picture: Picture, _ job: RenderJob) -> [[UInt8]] {
        job.presets.map { SampleWebP.lossless(320, 240, Array("\($0.name) ".utf8) + picture.content.prefix(64 * 1024)) }
    }
}

/// Runs `body` with a started pool and shuts it down whatever happens; no process of it may be left then.
///
/// - Parameter renderDeadline: by default one that no healthy job comes near, however busy the machine is: also where a
///   hundred wait. Where a deadline must pass and the worker is to answer, it needs a `deadlineGrace` as generous.
func withPool(
    workers: Int = 1,
    queueMax: Int = 64,
    memoryBytesMax: Int = 512 << 20,
    renderDeadline: Duration = .seconds(240),
    deadlineGrace: Duration = .milliseconds(500),
    executable: String? = nil,
    sourceBytesMax: Int = 64 << 20,
    resultBytesMax: Int = 256 << 20,
    addressSpaceBytesMax: Int = Sanitizer.isOn ? 0 : 2 << 30,
    shutdownGrace: Duration = .milliseconds(500),
    jobsMax: Int = 0,
    residentBytesMax: Int = 0,
    _ body: (WorkerPool) async throws -> Void
) async throws {
    let fake = try #require(BuiltProducts.path("FakeWorker"), "FakeWorker is not in \(BuiltProducts.folders)")
    let configuration = WorkerPool.Configuration(
        executable: executable ?? fake,
        workers: workers,
        queueMax: queueMax,
        memoryBytesMax: memoryBytesMax,
        renderDeadline: renderDeadline,
        deadlineGrace: deadlineGrace,
        addressSpaceBytesMax: addressSpaceBytesMax,
        jobsMax: jobsMax,
        residentBytesMax: residentBytesMax,
        sourceBytesMax: sourceBytesMax,
        resultBytesMax: resultBytesMax,
        helloTimeout: Patience.timeMax,
        shutdownGrace: shutdownGrace
    )
    let pool = WorkerPool(configuration: configuration, logger: .quiet)
    try await pool.start()
    do {
        try await body(pool)
    } catch {
        await pool.shutdown()
        throw error
    }
    let processes = pool.processes
    await pool.shutdown()
    #expect(processes.allSatisfy(isGone), "a worker is left")
    #expect(pool.processes.isEmpty)
}

enum Sanitizer {
    /// A sanitizer reserves terabytes of address space. Whoever runs the tests under one sets its variable.
    static let isOn = ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains { ProcessInfo.processInfo.environment[$0] != nil }
}

extension Logger {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension WorkerPool {
    /// As an upload does.
    func render(_ job: RenderJob, source: any PictureSource) async throws -> RenderOutcome {
        try await self.render(job, source: source, priority: .upload)
    }

    var processes: [pid_t] { self.state.withLock { $0.idle.map(\.id) + $0.out.keys } }

    /// Waits until the pool is as `condition` says.
    func wait(until condition: (Statistics) -> Bool) async throws {
        let isSo = try await comesAbout { condition(self.statistics()) }
        #expect(isSo, "the pool stays at \(self.statistics())")
    }

    /// An ordinary picture comes through.
    func expectSound(_ comment: Comment? = nil) async throws {
        let picture = Picture("ok", [1, 2, 3])
        let outcome = try await self.render(Jobs.both, source: picture)
        #expect(outcome.renditions.map(\.bytes) == Jobs.renditions(of: picture, Jobs.both), comment)
    }

    func error(
        of behaviour: String,
        job: RenderJob = Jobs.one,
        priority: RenderPriority = .upload
    ) async -> RenderError? {
        await #expect(throws: RenderError.self) {
            try await self.render(job, source: Picture(behaviour), priority: priority)
        }
    }
}

/// Whether no process of this number is left, a zombie included.
func isGone(_ process: pid_t) -> Bool { kill(process, 0) == -1 && errno == ESRCH }

/// Waits until the process is gone or a zombie.
func waitForEnd(of process: pid_t) async throws {
    let isOver = try await comesAbout { !ChildProcess.isRunning(process) }
    #expect(isOver, "process \(process) does not end")
}

/// Something that happens once.
final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { self.value.withLock { $0 } }
    func set() { self.value.withLock { $0 = true } }

    func wait() async throws {
        while !self.isSet { try await Task.sleep(for: .milliseconds(2)) }
    }
}
