import MediaModel
import MediaOrigin

/// The operations on the purge outbox.
extension OperationTable {
    static let purgeOperations = [purgesList, purgesSend, purgesRetry]

    private static let purgesList = Operation(
        "purges-list",
        [],
        .onOrigin { tools, _, report in try await tools.purges(report) }
    )

    private static let purgesSend = Operation(
        "purges-send",
        [OperationOption("asset", .asset, isRequired: true)],
        .onOrigin { tools, values, report in try await tools.purges.send(values.requiredAsset("asset"), report) }
    )

    private static let purgesRetry = Operation(
        "purges-retry",
        [],
        .onOrigin { tools, _, report in try await tools.purges.retry(report) }
    )
}
