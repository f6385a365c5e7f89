import Glibc
import MediaModel
import Testing

@testable import MediaWorkers

/// What a process that decodes pictures can still do, tried from inside it (`ProbeWorker`). One after the other: each
/// test starts workers, which take the processors from whoever tests deadlines.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ConfinementTests {
    /// The three that the whole sandbox is for, right after each codec has run.
    @Test(arguments: oneOfEach.indices)
    func noCodecOpensAFileASocketOrAProcess(index: Int) async throws {
        let picture = oneOfEach[index]
        try await withWorkers("ProbeWorker") { pool in
            try await pool.expect("open-file", after: picture, is: .refused(EPERM))
            for attempt in ["make-socket", "start-process", "run-program"] {
                try await pool.expect(attempt, after: picture, is: .killed(SIGSYS))
            }
            #expect(pool.statistics().losses == [.crash: 3])
        }
    }

    @Test func whatLibrariesTryHarmlesslyFailsAndCostsNothing() async throws {
        let attempts = [
            "open-file", "open-for-writing", "open-path", "list", "look-at-file", "read-link", "remove-file",
            "code-memory", "code-of-data", "dumpable", "outlive-parent", "control-device", "raise-limit",
        ]
        try await withWorkers("ProbeWorker") { pool in
            for attempt in attempts {
                try await pool.expect(attempt, is: .refused(EPERM))
            }
            // glibc takes the older call for it, whose flags the filter can see.
            try await pool.expect("start-process-by-clone3", is: .refused(ENOSYS))
            #expect(pool.statistics().losses.isEmpty)
        }
    }

    @Test(arguments: [
        "make-folder", "change-root", "mount-something", "make-socket", "make-unix-socket", "make-socket-pair",
        "connect-socket", "send-elsewhere", "write-elsewhere", "copy-descriptor", "start-process",
        "new-namespace-by-clone", "run-program", "run-memory", "trace", "read-process", "write-process",
        "take-descriptor", "signal-process", "kill-itself", "kill-own-thread", "signal-other-process", "load-bpf",
        "io-ring", "read-keys", "new-namespace", "enter-namespace", "fault-handler", "count-events", "other-user",
        "shared-memory", "persona", "other-filter", "set-clock", "unknown-call",
    ])
    func whatNoCodecDoesEndsTheProcess(attempt: String) async throws {
        try await withWorkers("ProbeWorker") { pool in
            try await pool.expect(attempt, after: oneOfEach[1], is: .killed(SIGSYS))
            #expect(pool.statistics().losses == [.crash: 1])
        }
    }

    @Test func anAssertionStillEndsAsOne() async throws {
        try await withWorkers("ProbeWorker") { pool in
            try await pool.expect("abort-itself", is: .killed(SIGABRT))
        }
    }

    /// Libraries start threads while they warm up; a restriction of the calling thread alone would leave those free.
    @Test func threadsFromBeforeAreConfinedToo() async throws {
        try await withWorkers("ProbeWorker") { pool in
            try await pool.expect("open-file", in: "thread", is: .refused(EPERM))
            try await pool.expect("make-socket", in: "thread", is: .killed(SIGSYS))
        }
    }
}
