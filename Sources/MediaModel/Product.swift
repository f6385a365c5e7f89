/// What the programs say they are.
package enum Product {
    /// Semantic version; CHANGELOG.md says what is in it.
    package static let version = "0.1.0"
}
