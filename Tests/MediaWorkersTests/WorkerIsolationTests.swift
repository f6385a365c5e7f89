import FoundationEssentials
import Glibc
import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// What a worker has and has not, as it sees it itself (`FakeWorker`'s report), and what is left of workers.
@Suite(.timeLimit(.minutes(5)))
struct WorkerIsolationTests {
    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer needs more address space than the limit"))
    func aWorkerHasNothingOfOursButItsSocket() async throws {
        try await withPool(addressSpaceBytesMax: 2 << 30) { pool in
            let lines = try await Self.report(pool)
            let variables = lines.filter { $0.hasPrefix("variable ") }.map { String($0.dropFirst(9)) }
            #expect(
                Set(variables).isSubset(of: [
                    "SWIFT_BACKTRACE", "ASAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH", "G_DEBUG",
                ])
            )
            // 3 is the socket, 4 the picture.
            #expect(lines.filter { $0.hasPrefix("open ") } == ["open 0", "open 1", "open 2", "open 3", "open 4"])
            for line in [
                "descriptor 0 /dev/null", "descriptor 1 /dev/null", "dumpable 0", "no-new-privileges 1",
                "leads-its-group true", "limit Max core file size 0 0 bytes", "limit Max open files 64 64 files",
                "limit Max address space 2147483648 2147483648 bytes", "large-allocation refused",
            ] { #expect(lines.contains(line), "\(line) is not in \(lines)") }
        }
    }

    @Test func noLimitOfAddressSpaceIsPossible() async throws {
        try await withPool(addressSpaceBytesMax: 0) { pool in
            let lines = try await Self.report(pool)
            #expect(lines.contains("large-allocation possible"), "\(lines)")
        }
    }

    /// Why a worker's limits have no RLIMIT_FSIZE: should this fail on some kernel, the limit can be added.
    @Test func aLimitOnFileSizesHoldsForMemoryFilesToo() async throws {
        try await withPool { pool in
            let lines = try await Self.report(pool)
            #expect(lines.contains("memory-file-under-file-size-limit refused"), "\(lines)")
        }
    }

    /// The sandbox lets no worker start one; where a kernel lacks that piece, it is in the worker's group.
    @Test(arguments: ["", "exit 0", "crash", "hang"]) func aWorkersChildEndsWithIt(ending: String) async throws {
        var child: pid_t = 0
        try await withPool(renderDeadline: .seconds(10)) { pool in
            let number = try await Self.text(of: "child", pool).split(separator: " ").last?.prefix(while: \.isNumber)
            child = try #require(number.flatMap { pid_t($0) })
            #expect(kill(child, 0) == 0)
            if !ending.isEmpty { _ = await pool.error(of: ending) }
        }
        try await waitForEnd(of: child)
    }

    private static func report(_ pool: WorkerPool) async throws -> [String] {
        try await Self.text(of: "report", pool).split(whereSeparator: \.isNewline).map(String.init)
    }

    /// What the worker put into its rendition, behind the container's header.
    private static func text(of behaviour: String, _ pool: WorkerPool) async throws -> String {
        let outcome = try await pool.render(Jobs.one, source: Picture(behaviour))
        return String(decoding: try #require(outcome.renditions.first).bytes.dropFirst(25), as: UTF8.self)
    }

    /// In a process of its own, where nobody else opens descriptors.
    @Test func descriptorsAndProcessesStayAsTheyAre() async throws {
        await #expect(processExitsWith: .success) {
            try await withPool(workers: 2) { pool in
                for _ in 0..<4 { try await pool.expectSound() }
                // The runtime opens its own for its first timer.
                try await Task.sleep(for: .milliseconds(1))
                let before = (descriptors: try Self.descriptors(), children: try Self.children())
                #expect(before.children.count == 2)
                for _ in 0..<200 { try await pool.expectSound() }
                for _ in 0..<20 { #expect(await pool.error(of: "crash")?.code == .crashed) }
                for forgery in ["unsealed", "huge", "no-webp", "id"] { _ = await pool.error(of: "forge \(forgery) 1") }
                // Both are there again: the second is started by the first job that needs it.
                async let slow = pool.render(Jobs.one, source: Picture("slow 2000000"))
                async let other = pool.render(Jobs.one, source: Picture("slow 2000000"))
                _ = try await (slow, other)
                // A thread lets go of its last job's picture a moment after the job's caller has its answer.
                _ = try await comesAbout { try Self.descriptors() == before.descriptors }
                #expect(try Self.descriptors() == before.descriptors)
                #expect(try Self.children().count == 2, "a zombie, or a worker too many")
            }
            #expect(try Self.children().isEmpty)
        }
    }

    /// The worker hangs in its codec, where it cannot see that its socket has ended.
    @Test func aKilledParentLeavesNoWorker() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "workers-\(UUID())").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            try await withPool(workers: 2) { pool in
                let hanging = Task { try await pool.render(Jobs.one, source: Picture("hang")) }
                try await pool.wait { $0.busy == 1 && $0.idle == 1 }
                try await Task.sleep(for: .milliseconds(100))
                let list = pool.processes.map(String.init).joined(separator: " ")
                try Data(list.utf8).write(to: URL(filePath: path))
                kill(getpid(), SIGKILL)
                _ = try await hanging.value
            }
        }
        let list = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        let processes = list.split(separator: " ").compactMap { pid_t($0) }
        #expect(processes.count == 2)
        // An orphan is its new parent's to reap, which in a container may be nobody.
        for process in processes { try await waitForEnd(of: process) }
    }

    /// What the open descriptors are, without the numbers of sockets.
    private static func descriptors() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { number in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            return target.map { String($0.prefix { $0 != "[" }) }
        }.sorted()
    }

    private static func children() throws -> [String] {
        let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
        return threads.flatMap { thread in
            let text = try? Data(contentsOf: URL(filePath: "/proc/self/task/\(thread)/children"))
            return String(decoding: text ?? Data(), as: UTF8.self).split(separator: " ").map(String.init)
        }
    }
}
