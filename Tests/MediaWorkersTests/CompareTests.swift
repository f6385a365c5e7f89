import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// Comparisons in the pool: whatever a worker does costs its own job and the worker; the next one succeeds.
@Suite(.timeLimit(.minutes(5)))
struct CompareTests {
    private static let likeness = Likeness(ssim: 1, psnr: nil)

    private static func compare(
        _ pool: WorkerPool,
        _ behaviour: String,
        isDrawing: Bool = true,
        announced: Int? = nil
    ) async throws -> Comparison {
        let (one, other) = (Picture(behaviour), Picture("other", [1, 2, 3], announced: announced))
        let job = CompareJob(
            first: .init(format: .jpeg, bytes: one.bytes),
            second: .init(format: .png, bytes: other.bytes),
            limits: PictureLimits(),
            isResizing: false,
            isDrawing: isDrawing
        )
        return try await pool.compare(job, first: one, second: other)
    }

    private static func expectSound(_ pool: WorkerPool) async throws {
        let drawn = try await Self.compare(pool, "ok")
        #expect(drawn.likeness == Self.likeness)
        #expect(drawn.drawing == SamplePNG.file(960, 240))
        #expect(try await Self.compare(pool, "ok", isDrawing: false).drawing == nil)
    }

    @Test func aComparisonComesBackWithItsDrawing() async throws {
        try await withPool { pool in
            try await Self.expectSound(pool)
            // In turns with renditions, by the same worker.
            try await pool.expectSound()
            try await Self.expectSound(pool)
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    @Test(arguments: [
        "id", "alike", "unlike", "loud", "quiet", "silent", "nothing", "sizes", "facts", "pixels", "frames",
        "no-drawing", "no-memory", "long", "endless", "negative", "unsealed", "no-png", "narrow", "text", "blameless",
        "code", "rendition",
    ])
    func aWorkerThatLiesIsReplaced(forgery: String) async throws {
        try await withPool { pool in
            let before = pool.processes
            let error = await #expect(throws: RenderError.self) {
                try await Self.compare(pool, "forge \(forgery) 1")
            }
            #expect(error?.code == .crashed, "\(error?.detail ?? "")")
            #expect(before.allSatisfy(isGone))
            #expect(pool.statistics().losses == [.protocol: 1], "\(error?.detail ?? "")")
            try await Self.expectSound(pool)
        }
    }

    @Test func aWorkerThatCrashesIsReplaced() async throws {
        try await withPool { pool in
            let error = await #expect(throws: RenderError.self) { try await Self.compare(pool, "crash") }
            #expect(error?.code == .crashed)
            #expect(pool.statistics().losses == [.crash: 1])
            try await Self.expectSound(pool)
        }
    }

    @Test func thePictureThatIsAtFaultIsNamed() async throws {
        try await withPool { pool in
            let error = await #expect(throws: CompareError.self) {
                try await Self.compare(pool, "fault undecodable-picture")
            }
            #expect(error?.picture == .second)
            #expect(error?.cause.code == .undecodable)
            #expect(error?.cause.detail == "the codec's own words")
            #expect(pool.statistics().losses.isEmpty)
            try await Self.expectSound(pool)
        }
    }

    @Test func whoGivesUpAtTheDeadlineStays() async throws {
        try await withPool(renderDeadline: .seconds(2), deadlineGrace: .seconds(60)) { pool in
            let error = await #expect(throws: RenderError.self) { try await Self.compare(pool, "late") }
            #expect(error?.code == .deadline)
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    /// The rest of the memory would be zeros, or the first picture's end the second's beginning.
    @Test(arguments: [8, 10]) func aSourceKeepsToItsLength(announced: Int) async throws {
        try await withPool { pool in
            let error = await #expect(throws: RenderError.self) {
                try await Self.compare(pool, "ok", announced: announced)
            }
            #expect(error?.code == .unavailable)
            try await Self.expectSound(pool)
        }
    }

    @Test func aPictureThatIsTooLargeIsNamed() async throws {
        try await withPool(sourceBytesMax: 8) { pool in
            let error = await #expect(throws: CompareError.self) { try await Self.compare(pool, "ok") }
            #expect(error?.picture == .second)
            #expect(error?.cause.code == .unsupported)
        }
    }
}
