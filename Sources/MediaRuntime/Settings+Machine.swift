import FoundationEssentials
import NIOCore

/// Defaults that depend on where the program runs.
extension Settings {
    /// Cores this process may use: the affinity mask and a container's CPU quota both count. With the host's 64 cores
    /// and a quota of 2, 64 workers would only take memory from each other.
    static let coreCount = max(1, min(System.coreCount, ProcessInfo.processInfo.activeProcessorCount))

    /// The path of a program of ours in the folder of the running executable.
    static func pathBesideExecutable(_ name: String) -> String {
        // Linux keeps the resolved path here; argv[0] is what the caller chose to write.
        let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        guard let executable, let slash = executable.lastIndex(of: "/") else { return name }
        return "\(executable[..<slash])/\(name)"
    }
}
