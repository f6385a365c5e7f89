import MediaOrigin

/// The operations on what is stored.
extension OperationTable {
    static let storeOperations = [fsck, scrubStatus, collect]

    private static let orphanAge = OperationOption("orphan-age", .duration)

    private static let fsck = Operation(
        "fsck",
        [OperationOption("repair", .flag), OperationOption("quick", .flag), orphanAge],
        .onOrigin { tools, values, report in
            let verify = Verify(
                catalog: tools.catalog,
                vault: tools.vault,
                provider: tools.provider,
                digests: tools.digests,
                mend: tools.mend
            )
            let scope = Verify.Scope(
                isQuick: values.isSet("quick"),
                repairs: values.isSet("repair"),
                orphanAge: values.duration(orphanAge.name) ?? CollectPolicy().orphanAge
            )
            _ = try await verify(scope, report: report)
        }
    )

    private static let scrubStatus = Operation(
        "scrub-status",
        [],
        .onOrigin { tools, _, report in try await ScrubStatus(catalog: tools.catalog)(report) }
    )

    private static let collect = Operation(
        "collect",
        [orphanAge],
        .onOrigin { tools, values, report in
            let collect = Collect(catalog: tools.catalog, vault: tools.vault, removal: tools.removal)
            _ = try await collect(orphanAge: values.duration(orphanAge.name), report: report)
        }
    )
}
