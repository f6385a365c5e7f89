/// One thing that an operation says while it runs (a rotation, a check of the store, a back-up). A person reads `text`,
/// a program `kind` and `fields`.
package struct OperationLine: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable {
        /// How far it is. A reader may drop it.
        case progress
        /// A part of the answer: a key, a file.
        case row
        /// Something that is not as it should be.
        case finding
        /// The last line of an operation that ended as it should; `fields` sum it up.
        case done
        /// The last line of one that did not.
        case failed
    }

    package let kind: Kind
    /// One sentence, or one line of a table.
    package let text: String
    /// The same for programs; the keys are in camel case, numbers are written in decimal.
    package let fields: [String: String]

    /// Whether it says how the operation ended: nothing follows.
    package var isLast: Bool { self.kind == .done || self.kind == .failed }

    package init(_ kind: Kind, _ text: String, fields: [String: String] = [:]) {
        self.kind = kind
        self.text = text
        self.fields = fields
    }
}

/// Takes what an operation says. It returns when the reader has kept up.
package typealias OperationReport = @Sendable (OperationLine) async -> Void
