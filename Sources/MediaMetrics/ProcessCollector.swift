import FoundationEssentials
import Glibc

/// The `process_*` metrics that Prometheus' own clients have, read from Linux' `/proc/self` (proc(5)) and getrusage(2),
/// and beside them what says why a process is slow: page faults that waited for a disk, processors taken away.
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
    private static let pageFaults = MetricDefinition(
        "process_page_faults_total",
        .counter,
        labels: [MetricLabel("kind", ["major", "minor"], meaning: "`major`: a disk was waited for")],
        help: "Page faults of the process."
    )
    private static let contextSwitches = MetricDefinition(
        "process_context_switches_total",
        .counter,
        labels: [
            MetricLabel(
                "kind",
                ["voluntary", "involuntary"],
                meaning: "`voluntary`: it waited for something; `involuntary`: another got its processor"
            )
        ],
        help: "Times that a thread of the process stopped running."
    )

    package static let definitions = [
        Self.cpuSeconds, Self.residentBytes, Self.virtualBytes, Self.openDescriptors, Self.maxDescriptors,
        Self.startTime, Self.threads, Self.pageFaults, Self.contextSwitches,
    ]

    /// What can be read now; where `/proc` is not mounted, only what system calls say.
    package static func collect() -> [MetricSample] { Self.statistics() + Self.usage() + Self.descriptors() }

    /// From `/proc/self/stat`: the fields after the command's name, which is in parentheses and may hold anything.
    private static func statistics() -> [MetricSample] {
        guard let text = Self.text("/proc/self/stat"), let name = text.lastIndex(of: ")") else { return [] }
        let fields = text[text.index(after: name)...].split(separator: " ").map { Double($0) ?? 0 }
        // proc(5) counts from 1, and the first one here is its third, the state.
        func field(_ number: Int) -> Double { number - 3 < fields.count ? fields[number - 3] : 0 }
        let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
        var samples = [
            // Fields 14 and 15 have the same in ticks of 10 ms: too coarse for what a few hundred requests take.
            MetricSample(Self.cpuSeconds, Self.usedSeconds()),
            MetricSample(Self.threads, field(20)),
            MetricSample(Self.virtualBytes, field(23)),
            MetricSample(Self.residentBytes, field(24) * Double(sysconf(Int32(_SC_PAGESIZE)))),
        ]
        if let booted = Self.bootTime() {
            samples.append(MetricSample(Self.startTime, booted + field(22) / ticksPerSecond))
        }
        return samples
    }

    /// All threads, those that have ended included; `/proc/self/status` has the switches of one thread only.
    private static func usage() -> [MetricSample] {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return [] }
        return [
            MetricSample(Self.pageFaults, labels: [("kind", "major")], Double(usage.ru_majflt)),
            MetricSample(Self.pageFaults, labels: [("kind", "minor")], Double(usage.ru_minflt)),
            MetricSample(Self.contextSwitches, labels: [("kind", "voluntary")], Double(usage.ru_nvcsw)),
            MetricSample(Self.contextSwitches, labels: [("kind", "involuntary")], Double(usage.ru_nivcsw)),
        ]
    }

    /// CPU time of all threads, those that have ended included, to the nanosecond.
    private static func usedSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
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
