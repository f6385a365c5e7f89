import FoundationEssentials
import MediaModel

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
        case .newVersion(let asset): VersionRef(asset: asset, number: try await self.catalog.reserveVersion(of: asset))
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
            return SealedSource(spool: spool, record: try await spool.finish())
        } catch {
            await spool.discard()
            throw error
        }
    }

    /// Publishes the blob, then commit 1. From here the upload survives a crash.
    func commitSource(_ source: SealedSource, as ref: VersionRef, of upload: Upload) async throws -> AssetVersion {
        try await source.spool.publish(source.record)
        let version = AssetVersion(
            ref: ref,
            tenant: self.policy.tenant,
            state: .processing,
            createdAt: source.record.sealedAs.createdAt,
            source: source.record,
            presets: self.policy.presets,
            isAnnounced: upload.respondsAsync
        )
        do {
            try await self.catalog.begin(version)
            return version
        } catch {
            await self.vault.remove([source.record.id])
            throw error
        }
    }
}
