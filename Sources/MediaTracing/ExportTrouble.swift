import Logging
import Synchronization

/// Says once that spans cannot be exported, and once that they can again.
final class ExportTrouble: Sendable {
    private let logger: Logger
    private let isOn = Mutex(false)

    init(logger: Logger) { self.logger = logger }

    func begin(_ why: String) {
        guard self.change(to: true) else { return }
        self.logger.warning("Spans are not exported", metadata: ["error": "\(why)"])
    }

    func end() {
        guard self.change(to: false) else { return }
        self.logger.notice("Spans are exported again")
    }

    private func change(to value: Bool) -> Bool {
        self.isOn.withLock { isOn in
            defer { isOn = value }
            return isOn != value
        }
    }
}
