/// A part of the sandbox of `mediaworker` that a kernel may lack.
///
/// Each stands alone: without Landlock, seccomp still refuses every call that opens a file; without seccomp, Landlock
/// still refuses every file. A worker does without one only where the operator has named it.
package enum SandboxPiece: String, Sendable, Hashable, CaseIterable, Codable, Comparable {
    /// No file and no network, by the Linux security module of that name (Linux 5.13).
    case landlock
    /// No system call that decoding a picture does not need (Linux 4.14).
    case seccomp

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
