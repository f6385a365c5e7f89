import FoundationEssentials
import Logging
import MediaModel
import Synchronization

/// The one encoder that comes from a library of its own is tried before anybody's picture is.
extension WorkerPool {
    /// A picture that is awkward for an encoder: 65 × 33, for some pad odd sides and say so in the file, and half
    /// transparent. A PNG, of one colour.
    private static let awkward =
        "iVBORw0KGgoAAAANSUhEUgAAAEEAAAAhCAYAAACGA8YfAAAARElEQVR42u3QMQEAAAQAMLeI0ognlhQuO1ZgMZX9XUiQIEGCBAkSJEiQIEGC"
        + "BAkSJEiQIEGCBAkSJEiQIEGCBAkSJBxbUs0C/xrD4WgAAAAASUVORK5CYII="

    private static let name = PresetName("trial")

    /// Has an AVIF made in the way that every rendition is made, and checked. An encoder that writes it in another way
    /// than ``AVIFCheck`` knows would cost a worker with each picture; so it is not offered, and the log says why.
    /// Blocks for as long as that takes.
    func tryAVIF() {
        guard self.formats.contains(.avif), let name = Self.name else { return }
        let recipe = Recipe(format: .avif, effort: 0)
        let job = RenderJob(
            format: .png,
            limits: PictureLimits(),
            presets: [Preset(name: name, recipe: recipe)]
        )
        let cost = RenderCost(memoryBytes: 0, cpu: .zero)
        let turn = JobTime(.background, cost, deadline: self.configuration.helloTimeout).admitted(at: .now)
        do {
            let bytes = [UInt8](Data(base64Encoded: Self.awkward) ?? Data())
            var draft = try MemoryDraft(name: "picture", bytes: bytes.count)
            try draft.append(bytes)
            _ = try self.perform(job, try draft.sealed(), turn)
        } catch {
            self.state.withLock { $0.spoilt(.avif) }
            self.logger.warning(
                "the workers' AVIF is not what is sent to clients, so none is made",
                metadata: ["error": "\(String(reflecting: error))"]
            )
        }
    }
}
