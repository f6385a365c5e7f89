package import MediaOrigin

/// Something that an operator can have done with what is stored.
package struct Operation: Sendable {
    /// What it works on, and with that, when it can run.
    enum Work: Sendable {
        /// An open origin: that of the running service, or one that this process has opened because none runs.
        case onOrigin(@Sendable (OperationTools, OperationValues, @escaping OperationReport) async throws -> Void)
        /// A data folder that nobody has open; the operation opens of it what it needs.
        case onFolder(@Sendable (OperationFolder, OperationValues, @escaping OperationReport) async throws -> Void)
    }

    /// Lowercase words with hyphens; the last segment of its path on the control socket.
    package let name: String
    package let options: [OperationOption]
    let work: Work

    init(_ name: String, _ options: [OperationOption] = [], _ work: Work) {
        self.name = name
        self.options = options
        self.work = work
    }

    /// Whether a running service can do it; otherwise the service must be stopped for it.
    package var runsInService: Bool {
        switch self.work {
        case .onOrigin: true
        case .onFolder: false
        }
    }

    /// Throws where it could not be run with these options.
    package func check(_ options: [String: String]) throws(OperationOptionsError) {
        _ = try OperationValues(options, for: self)
    }
}
