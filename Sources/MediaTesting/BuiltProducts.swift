package import FoundationEssentials

/// The programs that the build has put beside the tests.
package enum BuiltProducts {
    /// The path of the program `name`, or nil where it is in none of ``folders``.
    package static func path(_ name: String) -> String? {
        Self.folders.map { $0.appending(path: name).path() }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Where programs are looked for, the best place first.
    ///
    /// The folder of the running test bundle is right for every scratch path and configuration. The program that runs
    /// may be the toolchain's test runner, which names the bundle in its arguments; where neither leads anywhere (an
    /// exit test's child, a debugger), the checkout's own build folders are tried.
    package static var folders: [URL] {
        let bundles = CommandLine.arguments.compactMap { argument -> URL? in
            // The bundle is a file in the build folder, or a folder in it that holds the file.
            let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
            guard let bundle = parts.firstIndex(where: { $0.hasSuffix(".xctest") }) else { return nil }
            let folder = parts[..<bundle].joined(separator: "/")
            return URL(filePath: folder.isEmpty ? (bundle == 0 ? "." : "/") : folder)
        }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map {
            [URL(filePath: $0).deletingLastPathComponent()]
        }
        let built = ["debug", "release"].map { SharedData.checkout.appending(path: ".build/\($0)") }
        return bundles + (own ?? []) + built
    }
}
