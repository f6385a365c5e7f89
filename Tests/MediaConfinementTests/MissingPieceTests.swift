import CProbe
import Glibc
import MediaModel
import Testing

@testable import MediaWorkers

/// Kernels, and containers, that lack a piece of the sandbox. Each in a process of its own: what hides a system call
/// cannot be undone, and hides it from the workers too.
@Suite(.timeLimit(.minutes(5)))
struct MissingPieceTests {
    @Test func withoutLandlockNothingStarts() async throws {
        await #expect(processExitsWith: .success) {
            #expect(cprobe_hide_call(cprobe_landlock_call) == 0)
            try await Self.expectRefusal(naming: .landlock, "landlock_restrict_self")
        }
    }

    @Test func withoutSeccompNothingStarts() async throws {
        await #expect(processExitsWith: .success) {
            #expect(cprobe_hide_call(cprobe_seccomp_call) == 0)
            try await Self.expectRefusal(naming: .seccomp, "CONFIG_SECCOMP_FILTER")
        }
    }

    /// The setting names the piece; another one's absence is not excused.
    @Test func theSettingExcusesThePieceThatItNamesAlone() async throws {
        await #expect(processExitsWith: .success) {
            #expect(cprobe_hide_call(cprobe_landlock_call) == 0)
            try await Self.expectRefusal(naming: .landlock, "CONFIG_SECURITY_LANDLOCK", mayLack: [.seccomp])
            try await withWorkers("ProbeWorker", mayLack: [.landlock]) { pool in
                #expect(pool.statistics().missing == [.landlock])
                try await pool.expect("open-file", is: .refused(EPERM))
                try await pool.expect("make-socket", is: .killed(SIGSYS))
            }
        }
    }

    @Test func aPieceThatIsThereIsUsedWhateverTheSettingSays() async throws {
        try await withWorkers("ProbeWorker", mayLack: Set(SandboxPiece.allCases)) { pool in
            #expect(pool.statistics().missing.isEmpty)
            try await pool.expect("make-socket", is: .killed(SIGSYS))
        }
    }

    /// Landlock by itself, where nothing stands before it.
    @Test func landlockAloneKeepsFilesAndTheNetworkAwayFromEveryThread() async throws {
        await #expect(processExitsWith: .success) {
            #expect(cprobe_hide_call(cprobe_seccomp_call) == 0)
            try await withWorkers("ProbeWorker", mayLack: [.seccomp]) { pool in
                #expect(pool.statistics().missing == [.seccomp])
                for place in ["try", "thread"] {
                    for attempt in ["open-file", "open-for-writing", "list", "make-folder", "run-program"] {
                        try await pool.expect(attempt, in: place, is: .refused(EACCES))
                    }
                }
                // From version 4 and 6 of Landlock: here because the tests run on such a kernel.
                try await pool.expect("connect-tcp", is: .refused(EACCES))
                try await pool.expect("signal-process", is: .refused(EPERM))
            }
        }
    }

    private static func expectRefusal(
        naming piece: SandboxPiece,
        _ advice: String,
        mayLack: Set<SandboxPiece> = []
    ) async throws {
        let error = await #expect(throws: RenderError.self) {
            try await withWorkers("mediaworker", mayLack: mayLack) { _ in }
        }
        let detail = error?.detail ?? ""
        #expect(error?.code == .unavailable)
        #expect(detail.contains("the sandbox cannot be entered: \(piece.rawValue)"), "\(detail)")
        #expect(detail.contains(advice) && detail.contains("worker.sandbox.allow.missing=\(piece.rawValue)"))
    }
}
