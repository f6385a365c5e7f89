import FoundationEssentials
package import MediaModel

/// A clause of a port that an adapter does not keep.
package struct ContractViolation: Error, CustomStringConvertible {
    package let description: String

    /// - Parameter description: what was expected and what was found.
    package init(_ description: String) { self.description = description }
}

/// What `BlobStore` promises, a clause a case. An adapter's test runs every case on a store of its own:
/// `@Test(arguments: BlobStoreContract.allCases)`.
package enum BlobStoreContract: String, CaseIterable, Sendable, CustomStringConvertible {
    case whatWasPublishedIsReadBack
    case anEmptyBlobIsABlob
    case aDraftIsInvisibleUntilPublished
    case aDiscardedDraftLeavesNothing
    case anAbandonedDraftLeavesNothing
    case aDraftEndsWithPublish
    case aTakenIDIsRefusedAndTheBlobKept
    case expectedBytesAreOnlyAHint
    case readingPastTheEndIsTruncated
    case openingWhatIsNotThereIsMissing
    case removingIsFinalAndMayBeRepeated
    case anOpenBlobOutlivesItsRemoval
    case pagesAreInOrderAndComplete
    case aPassHasWhatWasThereBeforeIt
    case whatIsRemovedDuringAPassIsNotTold
    case aBlobPutAsideIsFoundNoMoreAndKept
    case blobsPutAsideAreToldInOrderUntilTheyAreRemoved
    case roomIsPartOfTheWhole
    case publishedBlobsOutliveTheStore
    case callsMayBeMadeAtOnce
    case aCancelledCallerCanStillDiscard
    case aSoundStoreIsHealthy

    package var description: String { self.rawValue }

    /// - Parameters:
    ///   - store: empty.
    ///   - reopen: the same data in a new instance, as after a restart of the process.
    package func check(_ store: any BlobStore, reopen: () async throws -> any BlobStore) async throws {
        switch self {
        case .whatWasPublishedIsReadBack: try await Self.checkReadBack(store)
        case .anEmptyBlobIsABlob: try await Self.checkEmpty(store)
        case .aDraftIsInvisibleUntilPublished: try await Self.checkInvisible(store)
        case .aDiscardedDraftLeavesNothing: try await Self.checkDiscard(store)
        case .anAbandonedDraftLeavesNothing: try await Self.checkAbandoned(store, reopen)
        case .aDraftEndsWithPublish: try await Self.checkOver(store)
        case .aTakenIDIsRefusedAndTheBlobKept: try await Self.checkTaken(store)
        case .expectedBytesAreOnlyAHint: try await Self.checkExpected(store)
        case .readingPastTheEndIsTruncated: try await Self.checkTruncated(store)
        case .openingWhatIsNotThereIsMissing: try await Self.checkMissing(store)
        case .removingIsFinalAndMayBeRepeated: try await Self.checkRemove(store)
        case .anOpenBlobOutlivesItsRemoval: try await Self.checkOpenOutlives(store)
        case .pagesAreInOrderAndComplete: try await Self.checkPages(store)
        case .aPassHasWhatWasThereBeforeIt: try await Self.checkLatePass(store)
        case .whatIsRemovedDuringAPassIsNotTold: try await Self.checkRemovalDuringPass(store)
        case .aBlobPutAsideIsFoundNoMoreAndKept: try await Self.checkQuarantine(store, reopen)
        case .blobsPutAsideAreToldInOrderUntilTheyAreRemoved: try await Self.checkQuarantinePages(store)
        case .roomIsPartOfTheWhole: try await Self.checkRoom(store)
        case .publishedBlobsOutliveTheStore: try await Self.checkReopen(store, reopen)
        case .callsMayBeMadeAtOnce: try await Self.checkConcurrency(store)
        case .aCancelledCallerCanStillDiscard: try await Self.checkCancellation(store)
        case .aSoundStoreIsHealthy: try await store.checkHealth()
        }
    }
}

extension BlobStoreContract {
    private static func checkReadBack(_ store: any BlobStore) async throws {
        // Larger than any adapter's buffer, and in pieces that fit none.
        let bytes = Samples.bytes(1_000_003)
        let id = try await store.add(bytes, pieceBytes: 77_777)
        let handle = try await store.open(id)
        try expect(handle.sealedBytes == bytes.count, "the size is that of the bytes, not \(handle.sealedBytes)")
        for range in [0..<bytes.count, 0..<1, 0..<0, 568..<16_968, 999_999..<1_000_003, bytes.count..<bytes.count] {
            let read = try await handle.read(range)
            try expect(read == Array(bytes[range]), "the bytes \(range) are those that were appended")
        }
    }

    private static func checkEmpty(_ store: any BlobStore) async throws {
        let id = try await store.add([])
        let read = try await store.contents(of: id)
        try expect(read.isEmpty, "a blob of no bytes has none")
        let page = try await store.list(after: nil, limit: 10)
        try expect(page.map(\.sealedBytes) == [0], "a blob of no bytes is listed")
    }

    private static func checkInvisible(_ store: any BlobStore) async throws {
        let id = BlobID.make()
        let draft = try await store.makeDraft(bytesExpected: 600_000)
        try await draft.append(Samples.bytes(600_000))
        try await store.expectEmpty("a draft is not listed")
        try await store.expectMissing(id)
        try await draft.publish(as: id)
        let read = try await store.contents(of: id)
        try expect(read.count == 600_000, "what was published is there at once")
    }

    private static func checkDiscard(_ store: any BlobStore) async throws {
        let draft = try await store.makeDraft(bytesExpected: nil)
        try await draft.append(Samples.bytes(600_000))
        await draft.discard()
        await draft.discard()
        try await store.expectEmpty("a discarded draft is not listed")
        let id = BlobID.make()
        try await expectStoreError(.failed, "a discarded draft cannot be published") { try await draft.publish(as: id) }
        try await store.expectMissing(id)
    }

    private static func checkAbandoned(_ store: any BlobStore, _ reopen: () async throws -> any BlobStore) async throws
    {
        try await store.makeDraft(bytesExpected: 10).append(Samples.bytes(10))
        try await store.expectEmpty("an abandoned draft is not listed")
        try await reopen().expectEmpty("an abandoned draft is not there after a restart")
    }

    private static func checkOver(_ store: any BlobStore) async throws {
        let draft = try await store.makeDraft(bytesExpected: nil)
        try await draft.append([1, 2, 3])
        let id = BlobID.make()
        try await draft.publish(as: id)
        try await expectStoreError(.failed, "a published draft takes no more bytes") { try await draft.append([4]) }
        try await expectStoreError(.failed, "a draft is published once") { try await draft.publish(as: BlobID.make()) }
        await draft.discard()
        let read = try await store.contents(of: id)
        try expect(read == [1, 2, 3], "a late discard leaves the published blob alone")
        let page = try await store.list(after: nil, limit: 10)
        try expect(page.map(\.id) == [id], "one draft makes one blob")
    }

    private static func checkTaken(_ store: any BlobStore) async throws {
        let id = try await store.add([1, 2, 3])
        let draft = try await store.makeDraft(bytesExpected: nil)
        try await draft.append([4, 5, 6])
        try await expectStoreError(.failed, "an id that is taken is refused") { try await draft.publish(as: id) }
        let read = try await store.contents(of: id)
        try expect(read == [1, 2, 3], "a blob is never replaced")
    }

    private static func checkExpected(_ store: any BlobStore) async throws {
        for expected in [0, 1, 500_000, 2_000_000] {
            let bytes = Samples.bytes(500_000)
            let id = try await store.add(bytes, expected: expected)
            let read = try await store.contents(of: id)
            try expect(read == bytes, "500,000 bytes are kept as they are when \(expected) were expected")
        }
    }

    private static func checkTruncated(_ store: any BlobStore) async throws {
        let handle = try await store.open(try await store.add(Samples.bytes(100)))
        for range in [0..<101, 100..<101, 500..<600, 0..<(1 << 50)] {
            try await expectStoreError(.truncated, "the bytes \(range) of 100 are not there") {
                _ = try await handle.read(range)
            }
        }
    }

    private static func checkMissing(_ store: any BlobStore) async throws {
        try await store.expectMissing(BlobID.make())
        _ = try await store.add([1])
        try await store.expectMissing(BlobID.make())
    }

    private static func checkRemove(_ store: any BlobStore) async throws {
        let kept = try await store.add([1])
        let id = try await store.add([2])
        try await store.remove(id)
        try await store.expectMissing(id)
        try await store.remove(id)
        try await store.remove(BlobID.make())
        let page = try await store.list(after: nil, limit: 10)
        try expect(page.map(\.id) == [kept], "only the removed blob is gone")
    }

    private static func checkOpenOutlives(_ store: any BlobStore) async throws {
        let bytes = Samples.bytes(50_000)
        let id = try await store.add(bytes)
        let handle = try await store.open(id)
        try await store.remove(id)
        let read = try await handle.read(0..<bytes.count)
        try expect(read == bytes, "an open blob stays readable after its removal")
    }

    private static func checkPages(_ store: any BlobStore) async throws {
        try await store.expectEmpty("a new store has no blobs")
        let before = Date()
        var sizes: [BlobID: Int] = [:]
        // The same first byte twice, and the least and the greatest one.
        for (index, first) in [0x00, 0x7f, 0xff, 0x7f, 0x01, 0x80, 0xff].enumerated() {
            let id = BlobID(bytes: [UInt8(first)] + BlobID.make().bytes.dropFirst())
            sizes[id] = index
            _ = try await store.add(Samples.bytes(index), as: id)
        }
        for limit in 1...8 {
            var listed: [StoredBlob] = []
            var page: [StoredBlob]
            repeat {
                page = try await store.list(after: listed.last?.id, limit: limit)
                try expect(page.count <= limit, "a page has at most \(limit) rows")
                listed += page
            } while page.count == limit
            try expect(listed.map(\.id) == sizes.keys.sorted(), "pages of \(limit) give all ids in order, each once")
            try expect(listed.allSatisfy { sizes[$0.id] == $0.sealedBytes }, "each row has its blob's size")
            try expect(
                listed.allSatisfy { abs($0.modifiedAt.timeIntervalSince(before)) < 60 },
                "each row has the time of publishing"
            )
        }
        let rest = try await store.list(after: BlobID(bytes: .init(repeating: 255, count: 16)), limit: 5)
        try expect(rest.isEmpty, "there is nothing after the greatest id")
    }

    /// Adapters may remember from page to page; nothing of an earlier pass may be taken for the store as it is now.
    private static func checkLatePass(_ store: any BlobStore) async throws {
        let ids = Self.neighbours(10)
        for id in ids where id != ids[5] { _ = try await store.add([1], as: id) }
        var earlier = try await store.list(after: nil, limit: 3)
        _ = try await store.add([1], as: ids[5])
        var pass: [BlobID] = []
        var page: [BlobID]
        repeat {
            page = try await store.list(after: pass.last, limit: 3).map(\.id)
            pass += page
            // The pass that began before goes on, in step with this one.
            let last = earlier.last?.id
            earlier += try await store.list(after: last, limit: 3)
        } while page.count == 3
        try expect(pass == ids, "a pass has all that was published before it began, beside a pass that began earlier")
        let old = earlier.map(\.id)
        try expect(old == old.sorted() && Set(old).count == old.count, "the earlier pass has no id twice")
        try expect(Set(ids).subtracting(old).isSubset(of: [ids[5]]), "the earlier pass has all that it began with")
    }

    private static func checkRemovalDuringPass(_ store: any BlobStore) async throws {
        let ids = Self.neighbours(9)
        for id in ids { _ = try await store.add([1], as: id) }
        let first = try await store.list(after: nil, limit: 3)
        for id in [ids[3], ids[5], ids[8]] { try await store.remove(id) }
        let second = try await store.list(after: first.last?.id, limit: 3)
        try expect(second.map(\.id) == [ids[4], ids[6], ids[7]], "what was removed is in no later page")
        let third = try await store.list(after: second.last?.id, limit: 3)
        try expect(third.isEmpty, "and the pass ends where the blobs end")
    }

    /// Ids with the same first byte, in order.
    private static func neighbours(_ count: Int) -> [BlobID] {
        (0..<count).map { BlobID(bytes: [0x42, UInt8($0)] + BlobID.make().bytes.dropFirst(2)) }
    }

    private static func checkQuarantine(
        _ store: any BlobStore,
        _ reopen: () async throws -> any BlobStore
    ) async throws {
        let kept = try await store.add([1])
        let id = try await store.add([2, 3])
        try await store.quarantine(id)
        try await store.quarantine(BlobID.make())
        try await store.expectMissing(id)
        let page = try await store.list(after: nil, limit: 10)
        try expect(page.map(\.id) == [kept], "only the other blob is listed")
        try await store.remove(id)
        let aside = try await reopen().quarantined(after: nil, limit: 10)
        try expect(aside.map(\.id) == [id], "what was put aside is kept, whatever is removed")
        try expect(aside.map(\.sealedBytes) == [2], "with all its bytes")
        _ = try await store.add([4], as: id)
        let read = try await store.contents(of: id)
        try expect(read == [4], "its id is free again")
    }

    private static func checkQuarantinePages(_ store: any BlobStore) async throws {
        let empty = try await store.quarantined(after: nil, limit: 10)
        try expect(empty.isEmpty, "nothing was put aside yet")
        let before = Date()
        var ids: [BlobID] = []
        for _ in 0..<7 { ids.append(try await store.add([1])) }
        for id in ids { try await store.quarantine(id) }
        ids.sort()
        for limit in 1...8 {
            var listed: [StoredBlob] = []
            var page: [StoredBlob]
            repeat {
                page = try await store.quarantined(after: listed.last?.id, limit: limit)
                try expect(page.count <= limit, "a page has at most \(limit) rows")
                listed += page
            } while page.count == limit
            try expect(listed.map(\.id) == ids, "pages of \(limit) give all that was put aside, in order")
            try expect(
                listed.allSatisfy { abs($0.modifiedAt.timeIntervalSince(before)) < 60 },
                "each row has the time of being put aside"
            )
        }
        try await store.removeQuarantined(ids[3])
        try await store.removeQuarantined(ids[3])
        let left = try await store.quarantined(after: nil, limit: 10)
        try expect(left.map(\.id) == ids.filter { $0 != ids[3] }, "only what was removed is gone")
    }

    private static func checkRoom(_ store: any BlobStore) async throws {
        guard let room = try await store.room() else { return }
        try expect(room.free >= 0 && room.free <= room.total, "\(room.free) of \(room.total) bytes are free")
    }

    private static func checkReopen(_ store: any BlobStore, _ reopen: () async throws -> any BlobStore) async throws {
        let bytes = Samples.bytes(300_000)
        let id = try await store.add(bytes)
        let again = try await reopen()
        let read = try await again.contents(of: id)
        try expect(read == bytes, "a published blob is there after a restart")
        let page = try await again.list(after: nil, limit: 10)
        try expect(page.map(\.id) == [id], "and nothing else is")
    }

    private static func checkConcurrency(_ store: any BlobStore) async throws {
        let ids = try await withThrowingTaskGroup(of: BlobID.self) { group in
            for seed in 0..<UInt8(24) {
                group.addTask {
                    let bytes = Samples.bytes(300_000 + Int(seed), seed: seed)
                    let id = try await store.add(bytes, pieceBytes: 40_000)
                    _ = try await store.list(after: nil, limit: 5)
                    let read = try await store.contents(of: id)
                    try expect(read == bytes, "blobs written at once do not mix")
                    if seed.isMultiple(of: 2) { try await store.remove(id) }
                    return id
                }
            }
            return try await group.reduce(into: Set<BlobID>()) { $0.insert($1) }
        }
        let page = try await store.list(after: nil, limit: 100)
        try expect(page.count == 12 && ids.isSuperset(of: page.map(\.id)), "12 of 24 blobs are left, not \(page.count)")
    }

    private static func checkCancellation(_ store: any BlobStore) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let draft = try await store.makeDraft(bytesExpected: nil)
                try await draft.append([1])
                withUnsafeCurrentTask { $0?.cancel() }
                await draft.discard()
                try await store.remove(BlobID.make())
                try await expectStoreError(.failed, "the draft of a cancelled task is gone after discard") {
                    try await draft.append([2])
                }
            }
            try await group.waitForAll()
        }
        try await store.expectEmpty("a cancelled upload leaves nothing")
    }
}

// MARK: - Steps

/// Throws a ``ContractViolation`` that names `claim` unless it holds.
func expect(_ holds: Bool, _ claim: String) throws {
    if !holds { throw ContractViolation("does not hold: \(claim)") }
}

private func expectStoreError(
    _ code: BlobStoreError.Code,
    _ claim: String,
    _ body: () async throws -> Void
) async throws {
    do {
        try await body()
    } catch let error as BlobStoreError {
        if error.code == code { return }
        throw ContractViolation("\(claim): expected \(code), found \(error) (\(error.detail))")
    } catch {
        throw ContractViolation("\(claim): expected a BlobStoreError, found \(error)")
    }
    throw ContractViolation("\(claim): expected \(code), found no error")
}

extension BlobStore {
    /// Writes and publishes a blob.
    package func add(
        _ bytes: [UInt8],
        as id: BlobID = .make(),
        expected: Int? = nil,
        pieceBytes: Int = 1 << 20
    ) async throws -> BlobID {
        let draft = try await self.makeDraft(bytesExpected: expected)
        do {
            for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
                try await draft.append(Array(bytes[start..<min(start + pieceBytes, bytes.count)]))
            }
            try await draft.publish(as: id)
        } catch {
            await draft.discard()
            throw error
        }
        return id
    }

    /// All bytes of a blob.
    package func contents(of id: BlobID) async throws -> [UInt8] {
        let handle = try await self.open(id)
        return try await handle.read(0..<handle.sealedBytes)
    }

    fileprivate func expectEmpty(_ claim: String) async throws {
        let page = try await self.list(after: nil, limit: 10)
        try expect(page.isEmpty, claim)
    }

    fileprivate func expectMissing(_ id: BlobID) async throws {
        try await expectStoreError(.missing, "blob \(id) is not there") { _ = try await self.open(id) }
    }
}
