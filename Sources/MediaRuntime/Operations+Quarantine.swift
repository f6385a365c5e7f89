import MediaModel
import MediaOrigin

/// The operations on sources that have cost workers.
extension OperationTable {
    static let quarantineOperations = [quarantineList, quarantineClear]

    private static let quarantineList = Operation(
        "quarantine-list",
        [],
        .onOrigin { tools, _, report in try await QuarantineList(catalog: tools.catalog)(report) }
    )

    private static let quarantineClear = Operation(
        "quarantine-clear",
        [OperationOption("digest", .digest), OperationOption("all", .flag)],
        .onOrigin { tools, values, report in
            let list = QuarantineList(catalog: tools.catalog)
            switch (values.digest("digest"), values.isSet("all")) {
            case (let digest?, false): try await list.clear(.one(digest), report)
            case (nil, true): try await list.clear(.all, report)
            default: throw OperationOptionsError("quarantine-clear needs digest or all, and not both")
            }
        }
    )
}
