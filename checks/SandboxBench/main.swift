import FoundationEssentials
import Glibc
import Logging
import MediaImaging
import MediaModel
import MediaWorkers

// Measures what the worker and its sandbox cost, for checks/sandbox_cpu.py: the default pair of a picture, by the same
// engine, in this process and through a confined worker, in alternating blocks. One line a block: CPU milliseconds a
// picture (user and system, all threads) inside this process, and of this process and the worker together.
//
//     SandboxBench WORKER BLOCKS PICTURES-A-BLOCK PICTURE

struct FilePicture: PictureSource {
    let content: [UInt8]
    var bytes: Int { self.content.count }
    /// As the vault hands them out: a few sealed chunks at a time.
    private static let pieceBytes = 256 * 1024

    func opening() -> [UInt8] { Array(self.content.prefix(PictureOutline.openingBytesMax)) }

    func forEachChunk(_ body: ([UInt8]) async throws -> Void) async throws {
        for start in stride(from: 0, to: self.content.count, by: Self.pieceBytes) {
            try await body(Array(self.content[start..<min(start + Self.pieceBytes, self.content.count)]))
        }
    }
}

/// CPU seconds of a process so far, all threads, to the nanosecond.
func cpuSeconds(of process: pid_t) -> Double {
    var clock = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
        preconditionFailure("process \(process) has no clock")
    }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The processes that this one has started: the workers.
func children() throws -> [pid_t] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").flatMap { thread in
        let list = FileManager.default.contents(atPath: "/proc/self/task/\(thread)/children") ?? Data()
        return String(decoding: list, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
    }
}

func cpuSecondsOfAll() throws -> Double {
    ([getpid()] + (try children())).reduce(0) { $0 + cpuSeconds(of: $1) }
}

let arguments = CommandLine.arguments
guard arguments.count == 5, let blocks = Int(arguments[2]), let pictures = Int(arguments[3]),
    let content = FileManager.default.contents(atPath: arguments[4]), let format = Sniff.format(of: [UInt8](content))
else {
    print("usage: SandboxBench WORKER BLOCKS PICTURES-A-BLOCK PICTURE")
    exit(2)
}
let source = FilePicture(content: [UInt8](content))
let job = RenderJob(format: format, limits: PictureLimits(), presets: Preset.defaults)
let engine = try VipsEngine.start()
let pool = WorkerPool(
    configuration: .init(executable: arguments[1], workers: 1, renderDeadline: .seconds(120), jobsMax: 0),
    logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
)
try await pool.start()

func inside() throws -> RenderOutcome {
    try source.content.withUnsafeBytes { try engine.render(job, picture: $0, within: .seconds(120)) }
}

// The first of either pays for start-up; and what is compared must be the same work.
let expected = try inside()
guard try await pool.render(job, source: source, priority: .background).renditions == expected.renditions else {
    print("the worker makes other bytes")
    exit(1)
}
for _ in 0..<blocks {
    let start = try cpuSecondsOfAll()
    for _ in 0..<pictures { _ = try inside() }
    let middle = try cpuSecondsOfAll()
    for _ in 0..<pictures { _ = try await pool.render(job, source: source, priority: .background) }
    let end = try cpuSecondsOfAll()
    print((middle - start) / Double(pictures) * 1000, (end - middle) / Double(pictures) * 1000)
}
await pool.shutdown()
