import MediaModel

// One blob, from its row to the day its old bytes go.

extension Reseal {
    /// What became of one blob.
    enum Outcome<Value: Sendable>: Sendable {
        case done(Value)
        /// Nothing names it any more.
        case gone
        case unreadable(BlobID, OperationLine)
        /// An error that is not about this blob.
        case stopped(any Error)
    }

    /// The old blob would not be read.
    private struct Unreadable: Error {
        let cause: any Error
    }

    func outcome<Value: Sendable>(
        of record: BlobRecord,
        _ work: () async throws -> Value
    ) async -> Outcome<Value> {
        do {
            do {
                return .done(try await work())
            } catch let error as Unreadable {
                guard let finding = OperationLine.finding(on: record, error.cause) else { throw error.cause }
                let isNamed = try await !self.catalog.known(among: [record.id]).isEmpty
                return isNamed ? .unreadable(record.id, finding) : .gone
            }
        } catch {
            return .stopped(error)
        }
    }

    /// The key that the blob was sealed under.
    func firstKey(of record: BlobRecord) async throws -> EnvelopeKeyID {
        try await self.reading { try await self.facts(of: record).envelopeKey }
    }

    /// - Returns: nil where nothing names the old blob any more.
    func replace(_ record: BlobRecord) async throws -> ResealRun.Replaced? {
        let new = try await self.sealAnew(record)
        defer { self.vault.settle([new.id]) }
        // Whoever read its row before may still read it, and by its age it would pass for an orphan at once. It leaves
        // the register when it is removed; after an interruption, with the process.
        self.vault.inFlight.enter(record.id)
        do {
            try await self.catalog.replace(record.id, with: new)
        } catch let error as CatalogError where error.code == .conflict {
            self.vault.settle([record.id])
            await self.vault.remove([new.id])
            return nil
        }
        // After any other error the commit may have happened: the new blob stays, for the collection by age to judge.
        let users = try await self.processing(new)
        return ResealRun.Replaced(blob: record.id, at: self.clock.uptime(), users: users)
    }

    /// - Returns: the new blob, durable, with the same bytes as the old.
    private func sealAnew(_ record: BlobRecord) async throws -> BlobRecord {
        let reader = try await self.reading { try await self.vault.open(record) }
        let facts = try await self.reading { try await self.facts(of: record) }
        // Renditions in other blobs go on naming their source by the id that it had at first.
        let origin = record.isSource ? facts.source ?? record.id : facts.source
        var spool = try await self.vault.spool(as: record.sealedAs, madeFrom: origin, bytesExpected: record.bytes)
        do {
            try await spool.append([])
            for piece in reader.pieces(of: 0..<record.bytes) {
                try await spool.append(try await self.reading { try await reader.read(piece) })
            }
            let new = try await spool.finish()
            guard new.bytes == record.bytes, new.sha256 == record.sha256 else {
                let detail = "blob \(record.id) has the digest \(new.sha256), its row says \(record.sha256)"
                throw Unreadable(cause: SealError(.corrupt, detail: detail))
            }
            try await spool.publish(new)
            return new
        } catch {
            await spool.discard()
            throw error
        }
    }

    private func facts(of record: BlobRecord) async throws -> SealedFacts {
        let prefix = try await self.vault.prefix(of: record)
        return try self.vault.sealing.readHeader(prefix: prefix, sealedBytes: record.sealedBytes)
    }

    private func reading<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch {
            throw Unreadable(cause: error)
        }
    }

    /// The versions that are being made of a source.
    private func processing(_ source: BlobRecord) async throws -> [VersionRef] {
        var refs: [VersionRef] = []
        for case .source(let ref) in try await self.catalog.uses(of: source.id) where try await self.isProcessing(ref) {
            refs.append(ref)
        }
        return refs
    }

    private func isProcessing(_ ref: VersionRef) async throws -> Bool {
        try await self.catalog.version(ref)?.state == .processing
    }

    // The old blob.

    /// Removes what nobody can be reading any more. A blob that will not go is left to the collection by age.
    func removeSettled(_ run: inout ResealRun) async {
        let now = self.clock.uptime()
        for old in run.takeSettled(until: now - Self.settleTime) {
            if await self.isAwaited(old), now - old.at < Self.settleTime * 10 {
                run.postpone(old)
            } else {
                await self.vault.remove([old.blob])
            }
        }
    }

    /// Whether a render job may still be about to read it: that has the version's row from before.
    private func isAwaited(_ old: ResealRun.Replaced) async -> Bool {
        for ref in old.users where (try? await self.isProcessing(ref)) ?? true { return true }
        return false
    }

    func removeAll(_ run: inout ResealRun, _ report: OperationReport) async throws {
        while true {
            await self.removeSettled(&run)
            if run.waiting.isEmpty { return }
            await report(OperationLine(.progress, "\(run.waiting.count) old blobs wait for reads that had begun"))
            try await self.clock.sleep(Self.settleTime / 4)
        }
    }
}
