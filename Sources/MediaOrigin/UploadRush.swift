import FoundationEssentials
import Synchronization

/// Whether many uploads are being made durable at once.
///
/// Each of them waits for the disk, and then needs a processor for a moment, again and again: beside renderers that
/// never wait it takes twice as long (`make fault-upload-rate`). What nobody waits for makes way meanwhile.
final class UploadRush: Sendable {
    /// Uploads at once that make a rush: more than the processors can serve while others wait for the disk.
    static let uploadsMin = 2 * ProcessInfo.processInfo.activeProcessorCount
    /// A rush lasts until there were fewer for this long.
    static let restTime = Duration.milliseconds(100)

    private struct State {
        var uploads = 0
        var lastRush: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Whether there is a rush now.
    var isOn: Bool {
        self.state.withLock { state in
            if state.uploads >= Self.uploadsMin { return true }
            return state.lastRush.map { $0.duration(to: .now) < Self.restTime } ?? false
        }
    }

    /// Does one upload's part that is counted.
    func counting<Result>(_ upload: () async throws -> Result) async rethrows -> Result {
        self.state.withLock { $0.uploads += 1 }
        defer {
            self.state.withLock { state in
                if state.uploads >= Self.uploadsMin { state.lastRush = .now }
                state.uploads -= 1
            }
        }
        return try await upload()
    }
}
