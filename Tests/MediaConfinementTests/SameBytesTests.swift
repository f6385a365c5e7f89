import FoundationEssentials
import MediaImaging
import MediaModel
import MediaTesting
import Testing

@testable import MediaWorkers

/// The sandbox changes no picture: `mediaworker` inside it against the same engine in this process, outside.
@Suite(.timeLimit(.minutes(10)))
struct SameBytesTests {
    @Test func aConfinedWorkerMakesTheSameBytesOfEveryFixture() async throws {
        let engine = try VipsEngine.start()
        let presets = Preset.defaults + [try Preset(text: "padded:w=200,h=300,fit=pad,lossless=1,effort=0,anim=1")]
        var rendered = 0
        try await withWorkers("mediaworker") { pool in
            for name in try FileManager.default.contentsOfDirectory(
                atPath: Fixtures.folder.appending(path: "pictures").path
            ).sorted() {
                let source = try FixturePicture(name)
                guard let format = Sniff.format(of: Array(source.content.prefix(Sniff.prefixBytesMax))) else {
                    continue
                }
                let job = RenderJob(format: format, limits: PictureLimits(), presets: presets)
                let outside = Result<RenderOutcome, any Error> {
                    try source.content.withUnsafeBytes { try engine.render(job, picture: $0, within: Patience.timeMax) }
                }
                switch outside {
                case .success(let outcome):
                    let inside = try await pool.render(job, source: source, priority: .upload)
                    #expect(inside.facts == outcome.facts, "\(name)")
                    #expect(inside.renditions == outcome.renditions, "\(name)")
                    rendered += 1
                case .failure(let error):
                    let code = (error as? RenderError)?.code
                    let inside = await #expect(throws: RenderError.self) {
                        try await pool.render(job, source: source, priority: .upload)
                    }
                    #expect(inside?.code == code, "\(name)")
                }
            }
            #expect(pool.statistics().losses.isEmpty)
        }
        #expect(rendered > 40, "the fixtures are gone")
    }
}
