import CConfinement
package import MediaModel

/// The sandbox that a process puts around itself, for good, before it looks at hostile bytes. What each piece refuses,
/// and why, is docs/decisions/0012.
package enum Confinement {
    /// Confines every thread of this process and sees for itself that it holds.
    ///
    /// Everything that is to be read from a file, loaded as a library or compiled must have been before.
    ///
    /// - Parameters:
    ///   - socket: the descriptor on which messages may still be sent and received.
    ///   - mayLack: the pieces without which the process may go on where the kernel does not have them.
    /// - Returns: the pieces that are missing, all of them among `mayLack`.
    /// - Throws: ``ConfinementError``; the process must end then, for it may be half confined.
    package static func enter(
        socket: Int32,
        mayLack: Set<SandboxPiece> = []
    ) throws(ConfinementError) -> Set<SandboxPiece> {
        var missing: Set<SandboxPiece> = []
        // Landlock first: seccomp refuses the calls that Landlock is entered by.
        for (piece, enter, test) in Self.steps(socket: socket) {
            let result = enter()
            if result != 0, mayLack.contains(piece), ConfinementError.isMissing(piece, -result) {
                missing.insert(piece)
                continue
            }
            guard result == 0 else { throw ConfinementError(entering: piece, errorNumber: -result) }
            guard test() == 0 else { throw ConfinementError(doesNotHold: piece) }
        }
        return missing
    }

    private typealias Step = (SandboxPiece, enter: () -> Int32, test: () -> Int32)

    private static func steps(socket: Int32) -> [Step] {
        [
            (.landlock, { cconfinement_enter_landlock() }, { cconfinement_test_landlock() }),
            (.seccomp, { cconfinement_enter_seccomp(socket) }, { cconfinement_test_seccomp() }),
        ]
    }
}
