import FoundationEssentials
import Glibc
package import Logging

/// One JSON object a line on stderr: `time`, `level`, `message`, `logger`, then the metadata under `fields`.
package struct JSONLogHandler: LogHandler {
    private struct Line: Encodable {
        let time: String
        let level: String
        let logger: String
        let message: String
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
        var fields = self.metadata
        fields.merge(self.metadataProvider?.get() ?? [:]) { $1 }
        fields.merge(event.metadata ?? [:]) { $1 }
        let line = Line(
            time: Date().formatted(.iso8601),
            level: event.level.rawValue,
            logger: self.label,
            message: event.message.description,
            fields: fields.mapValues(\.description)
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(line) else { return }
        // One write a line: lines of several threads do not mix.
        _ = Array(data + [UInt8(ascii: "\n")]).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
