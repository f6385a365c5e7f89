import MediaModel

/// What a look at a blob has shown.
enum BlobCondition: Sendable {
    case sound
    /// It is not what its row says.
    case damaged(Damage)
    /// The medium would not give its bytes, twice. The blob itself may be sound.
    case unreadable(BlobStoreError)
    /// No key opens it now, so nobody can tell.
    case locked(KeyError)
}

/// How closely a blob is looked at.
enum InspectionDepth: Sendable {
    /// Whether it is there and has the right size. No key is needed.
    case presence
    /// All of it: header, identity, key, commitment, the tag of every chunk, and the digest of the plaintext.
    case contents
}

/// Looks at blobs and compares them with their rows.
struct BlobInspection: Sendable {
    let catalog: any Catalog
    let vault: BlobVault
    let digests: any Digesting

    /// Called before so many sealed bytes are read; it takes as long as they should wait.
    typealias Pace = @Sendable (_ sealedBytes: Int) async throws -> Void

    /// Looks at a blob as its row is now: a row that went or changed meanwhile is no reason to complain.
    ///
    /// - Parameter record: the row as it was read; the one that the condition speaks of is returned.
    /// - Returns: nil where the row is gone.
    /// - Throws: ``CatalogError``, `CancellationError`.
    func look(
        at record: BlobRecord,
        _ depth: InspectionDepth,
        pace: Pace? = nil
    ) async throws -> (record: BlobRecord, condition: BlobCondition)? {
        var record = record
        while true {
            let condition = try await self.condition(of: record, depth, pace: pace)
            if case .sound = condition { return (record, condition) }
            guard let now = try await self.row(of: record.id) else { return nil }
            if now == record { return (record, condition) }
            // Its data key was wrapped anew, say. A row does not change often enough for this to go on.
            record = now
        }
    }

    /// The row of a blob now.
    func row(of id: BlobID) async throws -> BlobRecord? {
        let page = try await self.catalog.blobs(after: id.predecessor, limit: 1)
        return page.first { $0.id == id }
    }

    private func condition(of record: BlobRecord, _ depth: InspectionDepth, pace: Pace?) async throws -> BlobCondition {
        do {
            return try await self.look(record, depth, pace)
        } catch let first as BlobStoreError where Damage(first) == nil {
            // A bus that was reset, a network share that was away for a moment.
            do {
                return try await self.look(record, depth, pace)
            } catch let second as BlobStoreError where Damage(second) == nil {
                return .unreadable(second)
            } catch {
                return try Self.condition(for: error)
            }
        } catch {
            return try Self.condition(for: error)
        }
    }

    private func look(_ record: BlobRecord, _ depth: InspectionDepth, _ pace: Pace?) async throws -> BlobCondition {
        switch depth {
        case .presence:
            let handle = try await self.vault.store.open(record.id)
            let isWhole = handle.sealedBytes == record.sealedBytes
            return isWhole ? .sound : .damaged(Damage(code: SealError.Code.truncated.description))
        case .contents:
            try await pace?(SealedLayout.prefixBytes)
            let digest = try await self.digest(of: record, pace)
            return digest == record.sha256 ? .sound : .damaged(.digestMismatch)
        }
    }

    /// Opens every chunk.
    private func digest(of record: BlobRecord, _ pace: Pace?) async throws -> SHA256Digest {
        let reader = try await self.vault.open(record)
        var digest = self.digests.makeDigest(.sha256)
        var pieces = reader.pieces(of: 0..<record.bytes)
        // The last chunk is empty then; its tag counts, too.
        if record.bytes.isMultiple(of: SealedLayout.chunkBytes) { pieces.append(record.bytes..<record.bytes) }
        for piece in pieces {
            try await pace?(piece.count + SealedLayout.tagBytes * (piece.count / SealedLayout.chunkBytes + 1))
            digest.update(try await reader.read(piece))
        }
        return SHA256Digest(bytes: digest.finish())
    }

    private static func condition(for error: any Error) throws -> BlobCondition {
        if let damage = Damage(error) { return .damaged(damage) }
        if let error = error as? KeyError { return .locked(error) }
        throw error
    }
}

extension Damage {
    /// Every tag is right and the plaintext is not that of the row: another blob of the same identity, or a bug.
    static let digestMismatch = Damage(code: "digest-mismatch")
}
