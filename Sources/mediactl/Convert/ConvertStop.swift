import Synchronization

/// Ends a run in order: what is in work is finished, nothing else begins.
final class ConvertStop: Sendable {
    private let reason = Mutex<String?>(nil)

    /// Why the run is to end; nil where it is to go on.
    var cause: String? { self.reason.withLock { $0 } }

    /// The first reason counts.
    func call(_ reason: String) {
        self.reason.withLock { known in if known == nil { known = reason } }
    }
}
