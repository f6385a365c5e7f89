import FoundationEssentials
import Glibc
import Logging
import MediaImaging
import MediaModel
import MediaWorkers

// Makes the default pair of pictures by the engine in this process and by a confined worker, and measures what either
// takes, for checks/sandbox_cpu.py and Benchmarks/imaging.py. Each line of standard input is answered by one: CPU
// milliseconds a picture (user and system, all threads), of this process and its worker together.
//
//     SandboxBench WORKER
//     inside TIMES PICTURE [FOLDER]
//     worker TIMES PICTURE [FOLDER]
//
// Where there is a FOLDER a pair that is not measured comes first, and goes there as NAME.webp.

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

/// What goes in by a line.
struct Order {
    let isInside: Bool
    let times: Int
    let source: FilePicture
    let job: RenderJob
    let folder: String?

    init?(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 3 || words.count == 4, ["inside", "worker"].contains(words[0]), let times = Int(words[1]),
            let content = FileManager.default.contents(atPath: words[2]),
            let format = Sniff.format(of: [UInt8](content))
        else { return nil }
        self.isInside = words[0] == "inside"
        self.times = times
        self.source = FilePicture(content: [UInt8](content))
        self.job = RenderJob(format: format, limits: PictureLimits(), presets: Preset.defaults)
        self.folder = words.count == 4 ? words[3] : nil
    }
}

guard CommandLine.arguments.count == 2 else {
    print("usage: SandboxBench WORKER")
    exit(2)
}
let engine = try VipsEngine.start()
let pool = WorkerPool(
    configuration: .init(executable: CommandLine.arguments[1], workers: 1, renderDeadline: .seconds(120), jobsMax: 0),
    logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
)
try await pool.start()

func make(_ order: Order) async throws -> [RenderedPicture] {
    guard order.isInside else {
        return try await pool.render(order.job, source: order.source, priority: .background).renditions
    }
    return try order.source.content.withUnsafeBytes {
        try engine.render(order.job, picture: $0, within: .seconds(120)).renditions
    }
}

while let line = readLine() {
    guard let order = Order(line) else {
        print("no order: \(line)")
        exit(2)
    }
    if let folder = order.folder {
        for rendition in try await make(order) {
            try Data(rendition.bytes).write(to: URL(filePath: "\(folder)/\(rendition.preset.name).webp"))
        }
    }
    let start = try cpuSecondsOfAll()
    for _ in 0..<order.times { _ = try await make(order) }
    print((try cpuSecondsOfAll() - start) / Double(order.times) * 1000)
    // Of all streams: who reads a pipe waits for the line.
    fflush(nil)
}
await pool.shutdown()
