import FoundationEssentials
import Glibc

/// A shell script that a pool takes for its worker program.
enum WorkerScript {
    /// Lends the path of an executable file with this script, for the length of `body`.
    static func with(_ script: String, _ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "worker-\(UUID()).sh").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: path))
        chmod(path, 0o700)
        try await Self.waitUntilNobodyWrites(path)
        try await body(path)
    }

    /// A process that another test was starting just then has a copy of our descriptor until its exec, and a program
    /// that is open for writing cannot be started (ETXTBSY). A read lease is granted when there is no such copy.
    private static func waitUntilNobodyWrites(_ path: String) async throws {
        let setLease: Int32 = 1024  // F_SETLEASE, which Glibc's module leaves out.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        while fcntl(descriptor, setLease, F_RDLCK) != 0, errno == EAGAIN { try await Task.sleep(for: .milliseconds(2)) }
    }
}
