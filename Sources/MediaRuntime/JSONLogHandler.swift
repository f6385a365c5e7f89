import FoundationEssentials
package import Logging

/// One JSON object a line on stderr: `time`, `level`, `message`, `logger`, then the metadata under `fields`. What names
/// the request and its trace stands beside the message, where OpenTelemetry's conventions for logs look for it.
package struct JSONLogHandler: LogHandler {
    private struct Line: Encodable {
        let time: String
        let level: String
        let logger: String
        let message: String
        let request_id: String?
        let trace_id: String?
        let span_id: String?
        let trace_flags: String?
        let fields: [String: String]
    }

    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String

    package init(label: String) { self.label = label }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        guard let line = self.line(event, at: LogTime.now()) else { return }
        LogFields.write(line)
    }

    /// - Parameter time: as it is written.
    /// - Returns: with its line feed; nil where it does not encode, which texts always do.
    func line(_ event: LogEvent, at time: String) -> [UInt8]? {
        var fields = LogFields.merged(self.metadata, self.metadataProvider, event)
        let line = Line(
            time: time,
            level: event.level.rawValue,
            logger: self.label,
            message: event.message.description,
            request_id: fields.removeValue(forKey: "request_id"),
            trace_id: fields.removeValue(forKey: "trace_id"),
            span_id: fields.removeValue(forKey: "span_id"),
            trace_flags: fields.removeValue(forKey: "trace_flags"),
            fields: fields
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(line)).map { Array($0) + [UInt8(ascii: "\n")] }
    }
}
