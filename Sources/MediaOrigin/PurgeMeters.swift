import FoundationEssentials
import MediaModel
import Metrics

/// What is counted of one purge target.
struct PurgeMeters: Sendable {
    private let target: (String, String)
    private let sent: Counter
    private let delivery: Timer
    private let failures: [PurgeError.Code: Counter]

    init(_ name: PurgeTargetName) {
        let target = ("target", name.description)
        self.target = target
        self.sent = Counter(label: "media_purges_sent_total", dimensions: [target])
        self.delivery = Timer(label: "media_purge_delivery_duration_seconds", dimensions: [target])
        self.failures = Dictionary(
            uniqueKeysWithValues: PurgeError.Code.all.map { code in
                let dimensions = [target, ("reason", code.description)]
                return (code, Counter(label: "media_purge_failures_total", dimensions: dimensions))
            }
        )
    }

    func sent(_ records: [PurgeRecord], now: Date) {
        self.sent.increment(by: records.count)
        for record in records where record.sentAt == nil {
            self.delivery.record(duration: .seconds(max(0, now.timeIntervalSince(record.createdAt))))
        }
    }

    func failed(_ code: PurgeError.Code) { self.failures[code]?.increment() }

    /// Also of targets that have no lane any more.
    static func gaveUp(_ name: PurgeTargetName) {
        Counter(label: "media_purges_given_up_total", dimensions: [("target", name.description)]).increment()
    }
}
