package import MediaModel
import Synchronization

/// A renderer without codecs: each rendition's bytes are the preset's name and the source's size, so that a test can
/// tell what it was made of.
package final class FakeRenderer: Renderer {
    private struct State {
        var jobs: [RenderJob] = []
        var priorities: [RenderPriority] = []
        var isFull = false
        var size = PictureSize(width: 4, height: 3)
        var failures: [RenderError] = []
        var bytesOfNext: Int?
        var interludes: [@Sendable () async -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// The jobs it was given, in order.
    package var jobs: [RenderJob] { self.state.withLock(\.jobs) }

    /// The priorities of ``jobs``.
    package var priorities: [RenderPriority] { self.state.withLock(\.priorities) }

    /// Whether the next callers are told that there is no room; jobs are done all the same.
    package func setFull(_ isFull: Bool) { self.state.withLock { $0.isFull = isFull } }

    package func checkRoom(for priority: RenderPriority) throws {
        if self.state.withLock(\.isFull) { throw RenderError(.busy, detail: "full", retryAfter: .seconds(2)) }
    }

    /// The size of all renditions from now on.
    package func setSize(_ size: PictureSize) { self.state.withLock { $0.size = size } }

    /// The next job fails with `error`; further ones queue up.
    package func failNext(_ error: RenderError) { self.state.withLock { $0.failures.append(error) } }

    /// Each rendition of the next job has so many bytes.
    package func makeNext(bytes: Int) { self.state.withLock { $0.bytesOfNext = bytes } }

    /// Something happens while the next job is being rendered; further ones queue up.
    package func beforeNext(_ interlude: @escaping @Sendable () async -> Void) {
        self.state.withLock { $0.interludes.append(interlude) }
    }

    package func render(
        _ job: RenderJob,
        source: any PictureSource,
        priority: RenderPriority
    ) async throws -> RenderOutcome {
        let failure = self.state.withLock { state -> RenderError? in
            state.jobs.append(job)
            state.priorities.append(priority)
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
        let interlude = self.state.withLock { $0.interludes.isEmpty ? nil : $0.interludes.removeFirst() }
        await interlude?()
        if let failure { throw failure }
        let counter = Counter()
        try await source.forEachChunk { counter.add($0.count) }
        let size = self.state.withLock(\.size)
        guard counter.count == source.bytes else { throw RenderError(.undecodable, detail: "source of another size") }
        let bytesMade = self.state.withLock { state in
            defer { state.bytesOfNext = nil }
            return state.bytesOfNext
        }
        let frames = [.gif, .webp].contains(job.format) ? 2 : 1
        return RenderOutcome(
            facts: PictureFacts(size: PictureSize(width: 40, height: 30), frames: frames),
            renditions: job.presets.map { preset in
                RenderedPicture(
                    preset: preset,
                    size: size,
                    bytes: bytesMade.map { Samples.bytes($0) }
                        ?? Array("\(Self.name(of: preset)) of \(source.bytes) bytes".utf8)
                )
            },
            timings: RenderTimings(),
            impression: job.givesImpression ? Samples.impression(frames: frames) : nil
        )
    }

    private static func name(of preset: Preset) -> String {
        preset.recipe.format == .webp ? preset.name.description : RenditionName(preset).description
    }

    private final class Counter: Sendable {
        private let value = Atomic<Int>(0)
        var count: Int { self.value.load(ordering: .relaxed) }
        func add(_ bytes: Int) { self.value.add(bytes, ordering: .relaxed) }
    }
}
