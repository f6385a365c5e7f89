import FoundationEssentials
import Glibc

/// The `process_*` metrics that Prometheus' own clients have, read from Linux' `/proc/self` (proc(5)).
///
/// The kernel makes these files up in memory when they are read: no disk is waited for.
package enum ProcessCollector {
    private static let cpuSeconds = MetricDefinition(
        "process_cpu_seconds_total",
        .counter,
        help: "Total user and system CPU time spent, in seconds."
    )
    private static let residentBytes = MetricDefinition(
        "process_resident_memory_bytes",
        .gauge,
        help: "Resident memory size, in bytes."
    )
    private static let virtualBytes = MetricDefinition(
        "process_virtual_memory_bytes",
        .gauge,
        help: "Virtual memory size, in bytes."
    )
    private static let openDescriptors = MetricDefinition(
        "process_open_fds",
        .gauge,
        help: "Number of open file descriptors."
    )
    private static let maxDescriptors = MetricDefinition(
        "process_max_fds",
        .gauge,
        help: "Maximum number of open file descriptors."
    )
    private static let startTime = MetricDefinition(
        "process_start_time_seconds",
        .gauge,
        help: "Start time of the process since the Unix epoch, in seconds."
    )
    private static let threads = MetricDefinition("process_threads", .gauge, help: "Number of threads of the process.")

    package static let definitions = [
        Self.cpuSeconds, Self.residentBytes, Self.virtualBytes, Self.openDescriptors, Self.maxDescriptors,
        Self.startTime, Self.threads,
    ]

    /// What can be read now; where `/proc` is not mounted, only the limit of open files.
    package static func collect() -> [MetricSample] { Self.statistics() + Self.descriptors() }

    /// From `/proc/self/stat`: the fields after the command's name, which is in parentheses and may hold anything.
    private static func statistics() -> [MetricSample] {
        guard let text = Self.text("/proc/self/stat"), let name = text.lastIndex(of: ")") else { return [] }
        let fields = text[text.index(after: name)...].split(separator: " ").map { Double($0) ?? 0 }
        // proc(5) counts from 1, and the first one here is its third, the state.
        func field(_ number: Int) -> Double { number - 3 < fields.count ? fields[number - 3] : 0 }
        let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
        var samples = [
            MetricSample(Self.cpuSeconds, (field(14) + field(15)) / ticksPerSecond),
            MetricSample(Self.threads, field(20)),
            MetricSample(Self.virtualBytes, field(23)),
            MetricSample(Self.residentBytes, field(24) * Double(sysconf(Int32(_SC_PAGESIZE)))),
        ]
        if let booted = Self.bootTime() {
            samples.append(MetricSample(Self.startTime, booted + field(22) / ticksPerSecond))
        }
        return samples
    }

    /// Seconds since 1970, from the line `btime` of `/proc/stat`.
    private static func bootTime() -> Double? {
        let line = Self.text("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private static func descriptors() -> [MetricSample] {
        var samples: [MetricSample] = []
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            // One of them is the folder itself while it is listed.
            samples.append(MetricSample(Self.openDescriptors, Double(open.count - 1)))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            samples.append(MetricSample(Self.maxDescriptors, Double(limit.rlim_cur)))
        }
        return samples
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
