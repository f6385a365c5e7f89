import CVipsShim
import FoundationEssentials
import Glibc
import MediaModel
import MediaTesting
import Testing

@testable import MediaImaging

/// Every file of `../shared/corpus` against its manifest.
@Suite(.enabled(if: SharedData.isPresent, "\(SharedData.reason)"))
struct CorpusTests {
    private struct Row {
        let path: String
        let statuses: Set<String>
        /// `WxH` of an accepted file.
        let size: String?
    }

    private static func rows() throws -> [Row] {
        let text = String(decoding: try SharedData.bytes("corpus/MANIFEST.tsv"), as: UTF8.self)
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard columns.count > 8, columns[8] != "-" else { return nil }
            let size = columns[7].hasPrefix("accept ") ? String(columns[7].dropFirst(7)) : nil
            return Row(path: columns[0], statuses: Set(columns[8].split(separator: "|").map(String.init)), size: size)
        }
    }

    /// The status that the service would answer, and `WxH[xN]`.
    private static func answer(_ file: [UInt8], _ engine: VipsEngine) throws -> (status: String, size: String) {
        guard let format = Sniff.format(of: Array(file.prefix(Sniff.prefixBytesMax))) else { return ("415", "") }
        do {
            let job = RenderJob(format: format, limits: PictureLimits(), presets: Preset.defaults)
            let outcome = try file.withUnsafeBytes { try engine.render(job, picture: $0, within: .seconds(60)) }
            for made in outcome.renditions {
                #expect(!chunks(of: made.bytes).contains { ["EXIF", "XMP ", "ICCP"].contains($0) })
                #expect(try Decoded(made.bytes).size == made.size)
            }
            let size = outcome.facts.size
            let frames = outcome.facts.frames
            return ("201", "\(size.width)x\(size.height)" + (frames > 1 ? "x\(frames)" : ""))
        } catch let error as RenderError {
            #expect(!error.code.isRetryable)
            return ("422", error.detail)
        }
    }

    @Test func everyFileGetsTheAnswerThatItsManifestExpects() throws {
        let engine = try VipsEngine.start()
        var seen = 0
        for row in try Self.rows() {
            guard let file = try? SharedData.bytes("corpus/" + row.path) else { continue }
            seen += 1
            let answer = try Self.answer(file, engine)
            #expect(row.statuses.contains(answer.status), "\(row.path): \(answer)")
            guard let size = row.size, answer.status == "201" else { continue }
            // The manifest counts the pictures of a HEIF collection as frames, which do not move; those of a PNG, which
            // do, it does not count.
            let format = Sniff.format(of: Array(file.prefix(64)))
            let isCounted = ![.heic, .avif, .png].contains(format)
            let sides = { (text: String) in text.split(separator: "x").prefix(2).joined(separator: "x") }
            #expect(isCounted ? answer.size == size : sides(answer.size) == sides(size), "\(row.path)")
        }
        #expect(seen > 0)
        // No render of a whole corpus leaves pixels behind. Those of other suites' renders, which share the process, go
        // when they end.
        for _ in 0..<600 where cvips_memory_in_use() >= 1 << 20 { usleep(100_000) }
        #expect(cvips_memory_in_use() < 1 << 20)
    }
}
