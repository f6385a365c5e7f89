import HTTPTypes
import Logging
import MediaOrigin

/// A line in the log for each upload and each delivery that took long, with what took how long.
package struct SlowRequests: Sendable {
    package static let off = SlowRequests(threshold: .zero)

    private let threshold: Duration

    /// - Parameter threshold: from a request's head to the head of its answer; zero: there are no such lines.
    package init(threshold: Duration) { self.threshold = threshold }

    /// What takes the times of a request; nil: nobody will look at them.
    func times(of route: Route) -> StageTimes? { self.threshold > .zero && route.hasStages ? StageTimes() : nil }

    /// - Parameter start: when the responder was given the request.
    func note(
        _ request: HTTPRequest,
        _ route: Route,
        since start: ContinuousClock.Instant,
        _ status: HTTPResponse.Status,
        _ times: StageTimes?
    ) {
        guard let times else { return }
        let duration = ContinuousClock.now - start
        guard duration >= self.threshold else { return }
        let stages = times.sums.map { "\($0.stage.rawValue)=\(Milliseconds.text($0.time))" }
        Logger.current.notice(
            "Slow request",
            metadata: [
                "route": "\(route.template)", "method": "\(HTTPMeters.known(request.method) ?? "other")",
                "status": "\(status.code)",
                "milliseconds": "\(Milliseconds.text(duration))", "stages": "\(stages.joined(separator: " "))",
            ]
        )
    }
}

/// Times as they are written into answers and lines.
enum Milliseconds {
    /// With two decimals.
    static func text(_ time: Duration) -> String {
        let hundredths = Int((time / .microseconds(10)).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
