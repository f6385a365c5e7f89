import MediaModel
import MediaOrigin

/// The operations on keys.
extension OperationTable {
    static let keyOperations = [keysList, keysRotate, keysRewrap, keysRetire, reseal]

    private static let keysList = Operation(
        "keys-list",
        [],
        .onOrigin { tools, _, report in
            try await KeyList(catalog: tools.catalog, keys: tools.keys)(report)
        }
    )

    private static let keysRotate = Operation(
        "keys-rotate",
        [OperationOption("root", .flag)],
        .onOrigin { tools, values, report in
            let rotate = Rotate(keys: tools.keys)
            if values.isSet("root") {
                _ = try await rotate.root(report)
            } else {
                _ = try await rotate(tools.tenant, report)
            }
        }
    )

    private static let keysRewrap = Operation(
        "keys-rewrap",
        [],
        .onOrigin { tools, _, report in
            try await Rewrap(catalog: tools.catalog, vault: tools.vault, keys: tools.keys)(report)
        }
    )

    private static let keysRetire = Operation(
        "keys-retire",
        [OperationOption("key", .key, isRequired: true)],
        .onOrigin { tools, values, report in
            try await RetireKey(catalog: tools.catalog, keys: tools.keys)(values.requiredText("key"), report)
        }
    )

    private static let reseal = Operation(
        "reseal",
        [OperationOption("key", .envelopeKey, isRequired: true), OperationOption("passage", .flag)],
        .onOrigin { tools, values, report in
            try await Reseal(catalog: tools.catalog, vault: tools.vault, keys: tools.keys)(
                values.requiredEnvelopeKey("key"),
                reachesPassage: values.isSet("passage"),
                report
            )
        }
    )
}
