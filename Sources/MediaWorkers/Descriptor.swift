import Glibc

/// A file descriptor with an owner: it is closed when the last reference goes.
///
/// `raw` is used inside methods of the types that hold a descriptor only, never carried away: a number that outlives
/// its owner may belong to another file by then.
package final class Descriptor: Sendable {
    package let raw: Int32

    package init(owning raw: Int32) {
        precondition(raw >= 0, "no descriptor")
        self.raw = raw
    }

    deinit { close(self.raw) }
}

/// What is common to failing system calls.
enum SystemCall {
    /// What an errno value means.
    static func text(_ number: Int) -> String { String(cString: strerror(Int32(truncatingIfNeeded: number))) }
}
