/// An operation and what it is told, as it goes to the service or is done here.
struct OperationRequest: Sendable, Hashable {
    let operation: String
    /// By name, which is also that of the flag; the operation parses them.
    let options: [String: String]

    /// - Parameters:
    ///   - flags: those that are false are left out.
    ///   - values: those that are nil likewise.
    init(_ operation: String, flags: [String: Bool] = [:], values: [String: String?] = [:]) {
        self.operation = operation
        self.options = flags.filter(\.value).mapValues { _ in "true" }
            .merging(values.compactMapValues { $0 }) { _, value in value }
    }
}
