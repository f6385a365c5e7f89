import ArgumentParser
import FoundationEssentials
import MediaBench
import MediaRuntime

/// The JSON file of a measurement.
enum BenchFile {
    /// - Throws: `ValidationError` for what is none.
    static func read(_ name: String) throws -> BenchReport {
        guard let data = try? Data(contentsOf: URL(filePath: name)) else {
            throw ValidationError("'\(Printable.text(name))' cannot be read")
        }
        guard let report = try? JSONDecoder().decode(BenchReport.self, from: data) else {
            throw ValidationError("'\(Printable.text(name))' is no file of 'mediactl bench --out'")
        }
        return report
    }

    /// Whole or not at all.
    static func write(_ report: BenchReport, to name: String) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(report)) + [UInt8(ascii: "\n")]
        let url = URL(filePath: name)
        do {
            try await AtomicFile.write(bytes, to: url.lastPathComponent, in: Self.folder(of: name))
        } catch let error as SourceFileError {
            CommandExit.complain("mediactl: \(Printable.text(name)) \(error)")
            throw CommandExit.failed
        }
    }

    /// What is measured for minutes has somewhere to go.
    ///
    /// - Throws: `ValidationError` where there is no such folder.
    static func demandFolder(of name: String) throws {
        var isFolder = false
        let isThere = FileManager.default.fileExists(atPath: Self.folder(of: name), isDirectory: &isFolder)
        guard isThere, isFolder else {
            throw ValidationError("--out: there is no folder '\(Printable.text(Self.folder(of: name)))'")
        }
    }

    private static func folder(of name: String) -> String {
        URL(filePath: name).deletingLastPathComponent().path(percentEncoded: false)
    }
}
