/// The options of an operation are not what it takes. Thrown before its first line: nothing was done.
package struct OperationOptionsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For the operator: which option, what was given, what was expected. Never a key's bytes.
    package let description: String

    package init(_ description: String) { self.description = description }
}
