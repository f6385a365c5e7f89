import FoundationEssentials
import Logging
package import MediaModel
import Metrics

/// Takes an upload in: from its first byte to a version that is durable and ready.
///
/// The order is what makes the promise (RELIABILITY §3): the source is durable before the catalog names it, the catalog
/// names it before the client hears of it, and what is refused leaves nothing behind. The steps are in
/// `Ingest+Steps.swift`.
package struct Ingest: Sendable {
    let catalog: any Catalog
    let vault: BlobVault
    let develop: Develop
    let room: StorageRoom
    let running: RunningUploads
    let digests: any Digesting
    let policy: IngestPolicy

    var backlog: Backlog { self.develop.backlog }

    package init(
        catalog: any Catalog,
        vault: BlobVault,
        develop: Develop,
        room: StorageRoom,
        digests: any Digesting,
        policy: IngestPolicy
    ) {
        self.catalog = catalog
        self.vault = vault
        self.develop = develop
        self.room = room
        self.running = RunningUploads()
        self.digests = digests
        self.policy = policy
    }

    /// - Parameter body: the picture's bytes; read to its end unless the upload is refused first.
    /// - Returns: the version, `ready`, or `processing` where the upload asked for an early answer; where the upload
    ///   was made before under its idempotency key, that version as it is now.
    /// - Throws: ``OriginError``, or an error of a port; then nothing of the upload is left.
    package func callAsFunction(_ upload: Upload, body: inout some UploadBody) async throws -> AssetVersion {
        do {
            return try await self.running.alone(upload.idempotencyKey, of: self.policy.tenant) {
                if let earlier = try await self.earlier(upload) {
                    return try await self.replay(earlier, of: upload, body: &body)
                }
                return try await self.take(upload, body: &body)
            }
        } catch {
            OriginMeters.shared.uploadsRefused.increment()
            throw error
        }
    }

    private func take(_ upload: Upload, body: inout some UploadBody) async throws -> AssetVersion {
        try await self.checkRoom(for: upload)
        let opening = try await Stage.firstBytes.measure { try await self.readOpening(of: &body) }
        let ref = try await self.number(for: upload.target)
        let version = try await self.undoingNumber(ref) {
            let source = try await Stage.receive.measure {
                try await self.seal(opening, body: &body, as: ref, of: upload)
            }
            return try await self.backlog.rush.counting {
                try await self.commitSource(source, as: ref, of: upload)
            }
        }
        OriginMeters.shared.uploadBytes.increment(by: version.source.bytes)
        return try await self.develop(version, respondsAsync: upload.respondsAsync)
    }

    /// Makes the renditions now, or leaves that to the backlog.
    func develop(_ version: AssetVersion, respondsAsync: Bool) async throws -> AssetVersion {
        guard respondsAsync else {
            let ready = try await Stage.render.measure { try await self.develop(version, for: .client) }
            OriginMeters.shared.uploadsReady.increment()
            return ready
        }
        self.backlog.add(version.ref)
        OriginMeters.shared.uploadsAccepted.increment()
        return version
    }
}

/// What an upload asks for.
package struct Upload: Sendable {
    package enum Target: Sendable, Hashable {
        case newAsset
        case newVersion(of: AssetID)
    }

    package let target: Target
    /// The picture's bytes as announced, when they were.
    package let bytesExpected: Int?
    /// Answer as soon as the source is durable (`Prefer: respond-async`, RFC 7240).
    package let respondsAsync: Bool
    /// What the client calls the upload, to be able to send it again.
    package let idempotencyKey: IdempotencyKey?
    /// What matters most in the picture.
    package let focus: FocalPoint?

    package init(
        target: Target,
        bytesExpected: Int?,
        respondsAsync: Bool,
        idempotencyKey: IdempotencyKey? = nil,
        focus: FocalPoint? = nil
    ) {
        self.target = target
        self.bytesExpected = bytesExpected
        self.respondsAsync = respondsAsync
        self.idempotencyKey = idempotencyKey
        self.focus = focus
    }

    /// What it asks for, as the catalog keeps it beside an idempotency key: the same key with another focal point is
    /// another request.
    var request: String { self.focus.map { "\(self.target) focus=\($0)" } ?? self.target.description }
}

extension Upload.Target: CustomStringConvertible {
    /// As the catalog keeps it beside an idempotency key.
    package var description: String {
        switch self {
        case .newAsset: "new"
        case .newVersion(let asset): asset.description
        }
    }
}

/// The bytes of an upload as they arrive. Pulling is the back-pressure: what is not asked for is not read.
package protocol UploadBody {
    /// The next bytes, of any count above 0, or nil at the end.
    mutating func next() async throws -> [UInt8]?
}

/// What ingest goes by; from the settings.
package struct IngestPolicy: Sendable {
    package let tenant: Tenant
    /// Bytes of one upload at the most.
    package let uploadBytesMax: Int
    package let limits: PictureLimits
    /// Made of every new version; frozen with it.
    package let presets: [Preset]
    package let quota: Quota

    package init(
        tenant: Tenant,
        uploadBytesMax: Int,
        limits: PictureLimits,
        presets: [Preset],
        quota: Quota = .none
    ) {
        self.tenant = tenant
        self.uploadBytesMax = uploadBytesMax
        self.limits = limits
        self.presets = presets
        self.quota = quota
    }
}
