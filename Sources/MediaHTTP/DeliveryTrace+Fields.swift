import HTTPTypes
import MediaOrigin

extension DeliveryTrace {
    /// `Cache-Status` (RFC 9211) of what the memory cache had. The hot path's heads, which are serialised once, say it
    /// as a constant.
    static let hit = "mediad; hit"

    /// `Cache-Status` of what memory did not have.
    static func miss(isKept: Bool) -> String { "mediad; fwd=uri-miss" + (isKept ? "; stored" : "") }

    /// `Server-Timing` of a stage, in milliseconds.
    static func metric(_ stage: Stage, _ time: Duration) -> String {
        "\(stage.rawValue);dur=\(Milliseconds.text(time))"
    }

    /// What the answer says of how it came about: for a miss also `Server-Timing`.
    var fields: HTTPFields {
        switch self.source {
        case .memory: return [.cacheStatus: Self.hit]
        case .store(let isKept):
            let metrics = self.times.map { Self.metric($0.stage, $0.time) }
            return [.cacheStatus: Self.miss(isKept: isKept), .serverTiming: metrics.joined(separator: ", ")]
        }
    }
}
