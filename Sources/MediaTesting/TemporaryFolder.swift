package import FoundationEssentials

/// A fresh folder for a test; removed with everything in it when the last reference goes.
package final class TemporaryFolder: Sendable {
    package let url: URL

    /// - Parameter parent: where; `TMPDIR`, or `/tmp`, unless a test needs a certain file system.
    package init(in parent: URL = FileManager.default.temporaryDirectory) throws {
        let name = "media-test-\(UUID().uuidString.lowercased())"
        self.url = parent.appending(path: name, directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: self.url) }

    /// Without a slash at the end.
    package var path: String { self.path("") }

    /// The path of something in the folder.
    package func path(_ name: String) -> String {
        let folder = self.url.path(percentEncoded: false)
        let base = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        return name.isEmpty ? base : "\(base)/\(name)"
    }

    /// The paths of all files (not folders) in it, at any depth, relative to it and in order.
    package func files() throws -> [String] {
        var files: [String] = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: self.path) {
            var isFolder = false
            if FileManager.default.fileExists(atPath: self.path(name), isDirectory: &isFolder), !isFolder {
                files.append(name)
            }
        }
        return files.sorted()
    }
}
