import MediaModel
import Metrics
import Synchronization

// An upload that is sent again under its idempotency key (draft-ietf-httpapi-idempotency-key-header-06, §2.6): the same
// answer for the same request, a refusal for another one. The catalog takes the key in the transaction of commit 1, so
// a key is taken exactly when there is a version; who is still on the way there is known in memory.

extension Ingest {
    func earlier(_ upload: Upload) async throws -> IdempotentUpload? {
        guard let key = upload.idempotencyKey else { return nil }
        return try await self.catalog.upload(under: key, of: self.policy.tenant)
    }

    /// Reads the body, to compare, and keeps nothing of it.
    func replay(
        _ earlier: IdempotentUpload,
        of upload: Upload,
        body: inout some UploadBody
    ) async throws -> AssetVersion {
        guard earlier.target == upload.request else { throw OriginError(.idempotencyMismatch) }
        var digest = self.digests.makeDigest(.sha256)
        var bytes = 0
        while let more = try await body.next() {
            bytes += more.count
            // No need to read on: a longer picture is another one.
            guard bytes <= earlier.bytes else { throw OriginError(.idempotencyMismatch) }
            digest.update(more)
        }
        guard bytes == earlier.bytes, digest.finish() == earlier.sha256.bytes else {
            throw OriginError(.idempotencyMismatch)
        }
        guard var version = try await self.catalog.version(earlier.ref) else { throw try await self.absence(earlier) }
        if version.state == .processing, !version.isAnnounced {
            // A crash, or a full disk, has left it unfinished. From here on it may not go away behind the client.
            try await self.catalog.announce(earlier.ref)
            guard let now = try await self.catalog.version(earlier.ref) else { throw try await self.absence(earlier) }
            version = now
        }
        OriginMeters.shared.uploadsReplayed.increment()
        return version
    }

    /// Why the version of a key that was found is not there: its asset was deleted, or it was taken back since. Then
    /// the same request, once more, is a new upload.
    private func absence(_ earlier: IdempotentUpload) async throws -> OriginError {
        let isThere = try await self.catalog.standing(of: earlier.ref.asset) != nil
        return OriginError(isThere ? .gone : .idempotencyRunning)
    }
}

/// The idempotency keys of uploads that are being taken.
final class RunningUploads: Sendable {
    private struct Entry: Hashable {
        let tenant: Tenant
        let key: IdempotencyKey
    }

    private let entries = Mutex<Set<Entry>>([])

    /// Runs `work` unless another runs under the same key. Without a key nothing is checked.
    ///
    /// - Throws: `.idempotencyRunning`.
    func alone<Result>(
        _ key: IdempotencyKey?,
        of tenant: Tenant,
        _ work: () async throws -> Result
    ) async throws -> Result {
        guard let key else { return try await work() }
        let entry = Entry(tenant: tenant, key: key)
        guard self.entries.withLock({ $0.insert(entry).inserted }) else { throw OriginError(.idempotencyRunning) }
        defer { self.entries.withLock { _ = $0.remove(entry) } }
        return try await work()
    }
}
