import HTTPTypes
import MediaOrigin

extension DeliveryTrace {
    /// `Cache-Status` (RFC 9211) of what the memory cache had. The hot path's heads, which are serialised once, say it
    /// as a constant.
    static let hit = "mediad; hit"

    /// What the answer says of how it came about: for a miss also `Server-Timing`, in milliseconds.
    var fields: HTTPFields {
        switch self.source {
        case .memory: return [.cacheStatus: Self.hit]
        case .store(let isKept):
            let times = self.times.map { "\($0.stage.rawValue);dur=\(Self.milliseconds($0.time))" }
            return [
                .cacheStatus: "mediad; fwd=uri-miss" + (isKept ? "; stored" : ""),
                .serverTiming: times.joined(separator: ", "),
            ]
        }
    }

    /// With two decimals.
    private static func milliseconds(_ time: Duration) -> String {
        let hundredths = Int((time / .microseconds(10)).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
