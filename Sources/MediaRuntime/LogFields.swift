import Glibc
import Logging

/// What our log handlers have in common.
enum LogFields {
    /// What a line says besides its message. The innermost goes before: what is said with the message, what the
    /// current task's trace says, what the logger says.
    static func merged(
        _ metadata: Logger.Metadata,
        _ provider: Logger.MetadataProvider?,
        _ event: LogEvent
    ) -> [String: String] {
        var fields = metadata
        if let provider { fields.merge(provider.get()) { $1 } }
        if let error = event.error {
            fields["error"] = "\(String(reflecting: error))"
        }
        if let more = event.metadata { fields.merge(more) { $1 } }
        return fields.mapValues(\.description)
    }

    /// One write a line: lines of several threads do not mix.
    static func write(_ line: [UInt8]) {
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// The moment of a line: RFC 3339 in UTC, with milliseconds.
enum LogTime {
    static func now() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Self.text(time)
    }

    static func text(_ time: timespec) -> String {
        var seconds = time.tv_sec
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date = "\(parts.tm_year + 1900)-\(Self.digits(parts.tm_mon + 1))-\(Self.digits(parts.tm_mday))"
        let clock = "\(Self.digits(parts.tm_hour)):\(Self.digits(parts.tm_min)):\(Self.digits(parts.tm_sec))"
        let milliseconds = Int(time.tv_nsec) / 1_000_000
        return "\(date)T\(clock).\(milliseconds < 100 ? "0" : "")\(milliseconds < 10 ? "0" : "")\(milliseconds)Z"
    }

    private static func digits(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
