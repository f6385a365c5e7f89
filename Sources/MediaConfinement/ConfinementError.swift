import Glibc
package import MediaModel

/// Why a process could not be confined, in words for the operator: which piece, and how to allow it.
package struct ConfinementError: Error, Hashable, CustomStringConvertible {
    package let piece: SandboxPiece
    package let description: String

    /// - Parameter errorNumber: the errno value with which the kernel refused.
    init(entering piece: SandboxPiece, errorNumber: Int32) {
        let reason = String(cString: strerror(errorNumber))
        let advice = Self.isMissing(piece, errorNumber) ? "; \(Self.advice(piece))" : ""
        self.piece = piece
        self.description = "the sandbox cannot be entered: \(piece.rawValue): \(reason)\(advice)"
    }

    init(doesNotHold piece: SandboxPiece) {
        self.piece = piece
        self.description =
            "the sandbox does not hold: \(piece.rawValue) was entered, and lets through what it must refuse"
    }

    /// Whether the kernel, or whatever the process was started under, does not have this piece; other errors are
    /// failures, which no setting excuses.
    static func isMissing(_ piece: SandboxPiece, _ errorNumber: Int32) -> Bool {
        switch piece {
        // Not built in; switched off at boot; forbidden by a container runtime's own filter.
        case .landlock: [ENOSYS, EOPNOTSUPP, EPERM].contains(errorNumber)
        // Not built in; a kernel that cannot end a process by it (before Linux 4.14); forbidden as above.
        case .seccomp: [ENOSYS, EINVAL, EOPNOTSUPP, EPERM].contains(errorNumber)
        }
    }

    private static func advice(_ piece: SandboxPiece) -> String {
        let excuse = "or, if the weaker sandbox will do, set worker.sandbox.allow.missing=\(piece.rawValue)"
        return switch piece {
        case .landlock:
            "Landlock needs Linux 5.13 with CONFIG_SECURITY_LANDLOCK=y and 'landlock' in its lsm= list; in a container "
                + "a seccomp profile that allows landlock_create_ruleset and landlock_restrict_self (docker run "
                + "--security-opt seccomp=FILE; Docker's own profile does since 23.0), under systemd "
                + "SystemCallFilter=@sandbox; \(excuse)"
        case .seccomp:
            "seccomp needs Linux 4.14 with CONFIG_SECCOMP_FILTER=y; in a container a profile that allows seccomp, "
                + "under systemd SystemCallFilter=@sandbox; \(excuse)"
        }
    }
}
