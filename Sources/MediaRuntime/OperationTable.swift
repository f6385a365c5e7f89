package import MediaOrigin

/// Every operation there is, at work on one open origin. The service has one behind its control socket, `mediactl` has
/// one while no service runs: what they do is the same.
package struct OperationTable: Sendable {
    /// In the order in which help shows them.
    package static let operations: [Operation] =
        Self.keyOperations + Self.storeOperations + Self.quarantineOperations + Self.purgeOperations
        + Self.backupOperations

    private let tools: OperationTools

    /// - Parameter tools: what the operations work with; open for as long as one runs.
    init(_ tools: OperationTools) { self.tools = tools }

    /// The operation of that name. Throws ``OperationOptionsError`` where there is none.
    package static func operation(_ name: String) throws(OperationOptionsError) -> Operation {
        if let operation = Self.operations.first(where: { $0.name == name }) { return operation }
        let advice = Similar.closest(to: name, among: Self.operations.map(\.name)).map { "; did you mean \($0)?" }
        throw OperationOptionsError("there is no operation '\(Printable.text(name))'\(advice ?? "")")
    }

    /// One operation, ready to be run with its options; see ``run(_:_:report:)``.
    package typealias Run =
        @Sendable (_ options: [String: String], _ report: @escaping OperationReport)
        async throws(OperationOptionsError) -> Void

    /// Those that a running service does, by name.
    package var inService: [String: Run] {
        let names = Self.operations.filter(\.runsInService).map(\.name)
        return Dictionary(uniqueKeysWithValues: names.map { ($0, self.runs($0)) })
    }

    private func runs(_ name: String) -> Run {
        { (options, report) async throws(OperationOptionsError) in
            try await self.run(name, options, report: report)
        }
    }

    /// Runs an operation to its last line, which is `done` or `failed`. Cancelling the task ends it early: `failed`.
    ///
    /// - Throws: before the first line: nothing was done.
    package func run(
        _ name: String,
        _ options: [String: String],
        report: @escaping OperationReport
    ) async throws(OperationOptionsError) {
        let operation = try Self.operation(name)
        let values = try OperationValues(options, for: operation)
        guard case .onOrigin(let work) = operation.work else {
            throw OperationOptionsError(
                "\(name) needs the data folder for itself: stop the service and run it with mediactl"
            )
        }
        try await OperationRunner(report).run { try await work(self.tools, values, $0) }
    }
}
