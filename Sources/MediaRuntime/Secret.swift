/// A text that must not reach a log, an error or a dump by accident: only ``value`` hands it out.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// What stands in its place wherever settings are printed.
    package static let mask = "***"

    private let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { Self.mask }

    /// `dump` and string interpolation of an enclosing struct go by the mirror, not by the description.
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The text itself; the caller keeps it out of logs.
    package var value: String { self.text }
}
