import FoundationEssentials
import MediaModel
import Metrics

extension Ingest {
    /// The first bytes of an upload and what they announce.
    struct Opening {
        var bytes: [UInt8]
        let format: PictureFormat
    }

    /// A sealed source that is not durable yet.
    struct SealedSource {
        let spool: Spool
        let record: BlobRecord
    }

    /// What can be refused before a byte is read.
    func checkRoom(for upload: Upload) async throws {
        try self.checkTurn(respondsAsync: upload.respondsAsync)
        try await self.room.check(bytes: upload.bytesExpected ?? 0)
    }

    /// Whoever waits for its renditions is told now that it would wait too long: its body is not read for nothing,
    /// and nothing is made durable only to be taken back.
    private func checkTurn(respondsAsync: Bool) throws {
        if respondsAsync {
            try self.backlog.checkRoom()
        } else {
            try self.develop.renderer.checkRoom(for: .upload)
        }
    }

    /// The same for who cannot wait for the call, and does not make it then. One that passes may still be refused
    /// there.
    package func refuseAtOnce(respondsAsync: Bool) throws {
        do {
            try self.checkTurn(respondsAsync: respondsAsync)
        } catch {
            OriginMeters.shared.uploadsRefused.increment()
            throw error
        }
    }

    /// Reads as much as the decision needs; what is no picture of ours is refused before anything is stored.
    func readOpening(of body: inout some UploadBody) async throws -> Opening {
        var bytes: [UInt8] = []
        while bytes.count < Sniff.prefixBytesMax, let more = try await body.next() { bytes += more }
        guard bytes.count <= self.policy.uploadBytesMax else { throw OriginError(.tooLarge) }
        guard let format = Sniff.format(of: Array(bytes.prefix(Sniff.prefixBytesMax))) else {
            throw OriginError(.notAPicture, detail: "begins with \(Hex.encode(bytes.prefix(16)))")
        }
        return Opening(bytes: bytes, format: format)
    }

    /// The version to be. The number goes into the sealed header, so it is taken before the first byte is sealed.
    func number(for target: Upload.Target) async throws -> VersionRef {
        switch target {
        case .newAsset: VersionRef(asset: .make(), number: .first)
        case .newVersion(let asset):
            try await Stage.reserveVersion.measure {
                VersionRef(asset: asset, number: try await self.catalog.reserveVersion(of: asset))
            }
        }
    }

    /// Gives a reserved number back when `work` fails; what is refused leaves no gap where that can be helped.
    func undoingNumber<Result>(_ ref: VersionRef, _ work: () async throws -> Result) async throws -> Result {
        do {
            return try await work()
        } catch {
            if ref.number != .first { try? await self.catalog.releaseVersion(ref) }
            throw error
        }
    }

    /// Digest and seal, chunk by chunk, into a draft that nobody sees: plaintext is never on disk, and never whole in
    /// memory.
    func seal(
        _ opening: Opening,
        body: inout some UploadBody,
        as ref: VersionRef,
        of upload: Upload
    ) async throws -> SealedSource {
        let identity = BlobIdentity(
            tenant: self.policy.tenant,
            version: ref,
            variant: PresetName.reserved,
            mediaType: opening.format.mediaType,
            createdAt: Date()
        )
        var spool = try await self.vault.spool(as: identity, bytesExpected: upload.bytesExpected)
        do {
            try await spool.append(opening.bytes)
            var bytes = opening.bytes.count
            while let more = try await body.next() {
                bytes += more.count
                guard bytes <= self.policy.uploadBytesMax else { throw OriginError(.tooLarge) }
                try await spool.append(more)
            }
            // Whoever reads the connection should notice a body that ends early; an upload is too dear to rely on it.
            guard upload.bytesExpected ?? bytes == bytes else { throw OriginError(.incompleteBody) }
            let record = try await spool.finish()
            // The digest is known now and nothing is stored yet: the same bytes may have cost workers before.
            try await Quarantine(catalog: self.catalog).check(record.sha256)
            return SealedSource(spool: spool, record: record)
        } catch {
            await spool.discard()
            throw error
        }
    }

    /// Publishes the blob, then commit 1. From here the upload survives a crash.
    ///
    /// A picture that the tenant has stored already is not stored again: the version is made of the blob that is there.
    func commitSource(_ source: SealedSource, as ref: VersionRef, of upload: Upload) async throws -> AssetVersion {
        let known = try await Stage.findDuplicate.measure {
            try await self.commitKnownSource(equalTo: source.record, as: ref, of: upload)
        }
        if let version = known {
            await source.spool.discard()
            return version
        }
        try await Stage.publish.measure { try await source.spool.publish(source.record) }
        do {
            let version = try await self.begin(ref, with: source.record, of: upload)
            if version.source.id == source.record.id {
                self.vault.settle([source.record.id])
            } else {
                // An equal upload was quicker.
                await self.vault.remove([source.record.id])
            }
            return version
        } catch {
            await self.vault.remove([source.record.id])
            throw error
        }
    }

    /// - Returns: nil where no such picture is stored, or the one that was has gone since.
    private func commitKnownSource(
        equalTo record: BlobRecord,
        as ref: VersionRef,
        of upload: Upload
    ) async throws -> AssetVersion? {
        let tenant = self.policy.tenant
        let known = try await self.catalog.source(of: tenant, sha256: record.sha256, bytes: record.bytes)
        guard let known, try await self.isSound(known) else { return nil }
        do {
            return try await self.begin(ref, with: known, of: upload)
        } catch let error as CatalogError where error.code == .conflict {
            return nil
        }
    }

    /// Reads all of a blob before an upload's own bytes are given up for it: nobody may have looked at it for a year.
    private func isSound(_ known: BlobRecord) async throws -> Bool {
        let inspection = BlobInspection(catalog: self.catalog, vault: self.vault, digests: self.digests)
        guard let (_, condition) = try await inspection.look(at: known, .contents) else { return false }
        switch condition {
        case .sound: return true
        case .damaged(let damage):
            try await self.catalog.setDamage(damage.code, of: known.id)
            return false
        case .unreadable(let error): throw error
        case .locked(let error): throw error
        }
    }

    /// - Parameter presets: today's, unless others are given.
    func begin(
        _ ref: VersionRef,
        with source: BlobRecord,
        of upload: Upload,
        presets: [Preset]? = nil
    ) async throws -> AssetVersion {
        let version = AssetVersion(
            ref: ref,
            tenant: self.policy.tenant,
            state: .processing,
            createdAt: Date(),
            source: source,
            presets: presets ?? self.policy.presets,
            isAnnounced: upload.respondsAsync,
            focus: upload.focus
        )
        let terms = CommitTerms(
            quota: self.policy.quota,
            idempotencyKey: upload.idempotencyKey,
            target: upload.request
        )
        return try await Stage.commitSource.measure { try await self.catalog.begin(version, terms: terms) }
    }
}
