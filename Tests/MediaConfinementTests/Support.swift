import Logging
import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// A picture of the fixtures, as the pool is given it.
struct FixturePicture: PictureSource {
    let content: [UInt8]
    var bytes: Int { self.content.count }

    init(_ name: String) throws { self.content = try Fixtures.bytes("pictures/" + name) }

    func opening() -> [UInt8] { Array(self.content.prefix(PictureOutline.openingBytesMax)) }

    func forEachChunk(_ body: ([UInt8]) async throws -> Void) async throws { try await body(self.content) }
}

/// One fixture a format, and so a loader and its codec each.
let oneOfEach: [(PictureFormat, String)] = [
    (.jpeg, "gradient.jpg"), (.png, "gradient.png"), (.webp, "gradient.webp"), (.gif, "animated.gif"),
    (.avif, "labelled.avif"), (.heic, "labelled.heic"),
]

/// What became of an attempt to break out.
enum AttemptOutcome: Hashable {
    /// The call failed with this errno value; 0: it came through.
    case refused(Int32)
    /// The kernel ended the process, with this signal.
    case killed(Int32)
    case unexpected(String)
}

extension WorkerPool {
    /// Decodes the picture and then makes the attempt, in the very process that decoded it.
    func attempt(
        _ name: String,
        after picture: (PictureFormat, String),
        in place: String = "try"
    ) async throws -> AttemptOutcome {
        let preset = try Preset(text: "\(place)-\(name):w=8,effort=0")
        let job = RenderJob(format: picture.0, limits: PictureLimits(), presets: [preset])
        let source = try FixturePicture(picture.1)
        do {
            _ = try await self.render(job, source: source, priority: .upload)
            return .unexpected("no answer of the probe")
        } catch let error as RenderError where error.code == .undecodable {
            return Int32(error.detail).map { .refused($0) } ?? .unexpected(error.detail)
        } catch let error as RenderError where error.code == .crashed {
            let signal = error.detail.split(separator: "ended by signal ").last?.prefix { $0.isNumber }
            return signal.flatMap { Int32($0) }.map { .killed($0) } ?? .unexpected(error.detail)
        } catch {
            return .unexpected("\(error)")
        }
    }
}

extension WorkerPool {
    func expect(
        _ attempt: String,
        after picture: (PictureFormat, String) = oneOfEach[0],
        in place: String = "try",
        is expected: AttemptOutcome,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await self.attempt(attempt, after: picture, in: place)
        #expect(outcome == expected, "\(attempt) in \(place)", sourceLocation: sourceLocation)
    }
}

func withWorkers(
    _ program: String,
    mayLack: Set<SandboxPiece> = [],
    _ body: (WorkerPool) async throws -> Void
) async throws {
    let executable = try #require(BuiltProducts.path(program), "\(program) is not in \(BuiltProducts.folders)")
    let configuration = WorkerPool.Configuration(
        executable: executable,
        workers: 1,
        renderDeadline: Patience.timeMax,
        addressSpaceBytesMax: 0,
        mayLack: mayLack,
        helloTimeout: Patience.timeMax
    )
    let pool = WorkerPool(configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await pool.start()
    do {
        try await body(pool)
    } catch {
        await pool.shutdown()
        throw error
    }
    await pool.shutdown()
}
