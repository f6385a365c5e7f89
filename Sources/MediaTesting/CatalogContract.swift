package import MediaModel

/// What `Catalog` promises, a clause a case. An adapter's test runs every case on a catalog of its own:
/// `@Test(arguments: CatalogContract.allCases)`.
package enum CatalogContract: String, CaseIterable, Sendable, CustomStringConvertible {
    case aVersionBeginsAsProcessing
    case beginningTwiceIsAConflict
    case completingMakesReadyWithAllRenditions
    case completingNeedsProcessing
    case completingIsAllOrNothing
    case renditionsAreInTheOrderOfThePresets
    case latestIsTheNewestReadyVersion
    case latestDoesNotGoBack
    case numbersAreReservedOneByOne
    case aReservationOfAnUnknownAssetIsRefused
    case aReleasedNumberIsUsedAgain
    case aReleaseBelowTheLastSkipsTheNumber
    case aReleaseNeverTakesAnExistingVersion
    case aLaterVersionNeedsAReservation
    case failingKeepsTheVersionAndGivesUpTheSource
    case failingNeedsProcessing
    case discardingTheOnlyVersionRemovesTheAsset
    case discardingALaterVersionLeavesNoTrace
    case discardingNeedsProcessing
    case theNewestVersionIsTheOneWithTheHighestNumber
    case unknownThingsAreNil
    case pagesAreInOrderAndComplete
    case unfinishedVersionsAreListedOldestFirst
    case knownBlobsAreThoseThatRowsName
    case aBlobBelongsToOneRow
    case everyFieldIsKept
    case writesOutliveTheCatalog
    case writesAtOnceDoNotLoseEachOther
    case aCancelledCallerIsServed
    case aSoundCatalogIsHealthy

    package var description: String { self.rawValue }

    /// - Parameters:
    ///   - catalog: empty.
    ///   - reopen: the same data in a new instance, as after a restart of the process.
    package func check(_ catalog: any Catalog, reopen: () async throws -> any Catalog) async throws {
        switch self {
        case .aVersionBeginsAsProcessing: try await Self.checkBegin(catalog)
        case .beginningTwiceIsAConflict: try await Self.checkBeginTwice(catalog)
        case .completingMakesReadyWithAllRenditions: try await Self.checkComplete(catalog)
        case .completingNeedsProcessing: try await Self.checkCompleteNeedsProcessing(catalog)
        case .completingIsAllOrNothing: try await Self.checkCompleteIsAtomic(catalog)
        case .renditionsAreInTheOrderOfThePresets: try await Self.checkOrder(catalog)
        case .latestIsTheNewestReadyVersion: try await Self.checkLatest(catalog)
        case .latestDoesNotGoBack: try await Self.checkLatestStays(catalog)
        case .numbersAreReservedOneByOne: try await Self.checkReserve(catalog)
        case .aReservationOfAnUnknownAssetIsRefused: try await Self.checkReserveUnknown(catalog)
        case .aReleasedNumberIsUsedAgain: try await Self.checkRelease(catalog)
        case .aReleaseBelowTheLastSkipsTheNumber: try await Self.checkReleaseBelow(catalog)
        case .aReleaseNeverTakesAnExistingVersion: try await Self.checkReleaseExisting(catalog)
        case .aLaterVersionNeedsAReservation: try await Self.checkUnreserved(catalog)
        case .failingKeepsTheVersionAndGivesUpTheSource: try await Self.checkFail(catalog)
        case .failingNeedsProcessing: try await Self.checkFailNeedsProcessing(catalog)
        case .discardingTheOnlyVersionRemovesTheAsset: try await Self.checkDiscardOnly(catalog)
        case .discardingALaterVersionLeavesNoTrace: try await Self.checkDiscardLater(catalog)
        case .discardingNeedsProcessing: try await Self.checkDiscardNeedsProcessing(catalog)
        case .theNewestVersionIsTheOneWithTheHighestNumber: try await Self.checkNewest(catalog)
        case .unknownThingsAreNil: try await Self.checkUnknown(catalog)
        case .pagesAreInOrderAndComplete: try await Self.checkPages(catalog)
        case .unfinishedVersionsAreListedOldestFirst: try await Self.checkUnfinished(catalog)
        case .knownBlobsAreThoseThatRowsName: try await Self.checkKnown(catalog)
        case .aBlobBelongsToOneRow: try await Self.checkBlobOnce(catalog)
        case .everyFieldIsKept: try await Self.checkFields(catalog)
        case .writesOutliveTheCatalog: try await Self.checkReopen(catalog, reopen)
        case .writesAtOnceDoNotLoseEachOther: try await Self.checkConcurrency(catalog)
        case .aCancelledCallerIsServed: try await Self.checkCancellation(catalog)
        case .aSoundCatalogIsHealthy: try await catalog.checkHealth()
        }
    }
}

// MARK: - Steps

func expectSame<Value: Equatable>(_ found: Value, _ expected: Value, _ claim: String) throws {
    if found != expected { throw ContractViolation("\(claim): expected \(expected), found \(found)") }
}

func expectCatalogError(_ code: CatalogError.Code, _ claim: String, _ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as CatalogError {
        if error.code == code { return }
        throw ContractViolation("\(claim): expected \(code), found \(error) (\(error.detail))")
    } catch {
        throw ContractViolation("\(claim): expected a CatalogError, found \(error)")
    }
    throw ContractViolation("\(claim): expected \(code), found no error")
}

extension Catalog {
    /// A version that began; a later one than the first gets its number reserved before.
    package func addProcessing(_ number: Int = 1, of asset: AssetID = .make()) async throws -> AssetVersion {
        let version = Samples.version(number, of: asset)
        if number > 1 {
            let reserved = try await self.reserveVersion(of: asset)
            try expectSame(reserved, version.ref.number, "the next number is \(number)")
        }
        try await self.begin(version)
        return version
    }

    /// Completes `version` with sample renditions.
    package func finish(_ version: AssetVersion) async throws -> AssetVersion {
        let renditions = Samples.renditions(of: version)
        return try await self.complete(version.ref, sourceSize: Samples.sourceSize, renditions: renditions)
    }

    /// A version that is ready.
    package func addReady(_ number: Int = 1, of asset: AssetID = .make()) async throws -> AssetVersion {
        try await self.finish(self.addProcessing(number, of: asset))
    }

    /// A first version that failed.
    package func addFailed() async throws -> AssetVersion {
        let version = try await self.addProcessing()
        _ = try await self.fail(version.ref, failure: "undecodable")
        guard let failed = try await self.version(version.ref) else {
            throw ContractViolation("a version that failed is gone")
        }
        return failed
    }

    /// What delivery finds for the first of `version`'s presets.
    func firstRendition(
        of version: AssetVersion,
        _ selector: VersionSelector
    ) async throws -> DeliverableRendition? {
        try await self.rendition(of: version.ref.asset, version: selector, preset: version.presets[0].name)
    }
}
