import FoundationEssentials
import MediaTesting

/// Pictures to convert in a test's folder, and what came of them.
enum ConvertFolder {
    /// Copies fixtures into a folder of the test's own, under other names.
    static func place(_ pictures: [(fixture: String, path: String)], in folder: TemporaryFolder) throws {
        for (fixture, path) in pictures {
            try Self.write(Fixtures.bytes("pictures/\(fixture)"), to: path, in: folder)
        }
    }

    /// For FakeWorker: a picture whose `text` says what the worker does.
    static func place(fake text: String, at path: String, in folder: TemporaryFolder) throws {
        try Self.write(Array("GIF89a \(text)\n".utf8), to: path, in: folder)
    }

    static func write(_ bytes: [UInt8], to path: String, in folder: TemporaryFolder) throws {
        let target = URL(filePath: folder.path(path))
        try FileManager.default.createDirectory(
            at: target.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(bytes).write(to: target)
    }

    /// All but journals and the lock.
    static func files(_ folder: TemporaryFolder) throws -> [String] {
        try folder.files().filter { !$0.hasSuffix(".journal") && !$0.hasSuffix(".mediactl-convert.lock") }
    }

    /// The files below `out`, and what is in them.
    static func outputs(_ folder: TemporaryFolder) throws -> [String: [UInt8]] {
        let names = try Self.files(folder).filter { $0.hasPrefix("out/") }
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, [UInt8](try Data(contentsOf: URL(filePath: folder.path($0))))) }
        )
    }
}
