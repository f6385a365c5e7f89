package import Logging

/// One line of text on stderr for people: time, level, logger, message, then the metadata as `key=value`.
///
/// Whatever the metadata holds, an event is one line and its fields can be told apart: control characters are written
/// as escapes, a backslash is two, and a value that has a space, a quotation mark, an equals sign or an escape in it is
/// quoted.
package struct TextLogHandler: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String

    package init(label: String) { self.label = label }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    package func log(event: LogEvent) { LogFields.write(Array(self.line(event, at: LogTime.now()).utf8)) }

    /// - Parameter time: as it is written.
    func line(_ event: LogEvent, at time: String) -> String {
        let fields = LogFields.merged(self.metadata, self.metadataProvider, event)
        let words = fields.sorted { $0.key < $1.key }.map { " \(Self.word($0.key))=\(Self.word($0.value))" }
        let message = Printable.unambiguous(event.message.description)
        return "\(time) \(event.level.rawValue) \(self.label): \(message)\(words.joined())\n"
    }

    private static func word(_ text: String) -> String {
        let text = Printable.unambiguous(text)
        guard text.isEmpty || text.contains(where: { " \"=\\".contains($0) }) else { return text }
        return "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\""))\""
    }
}
