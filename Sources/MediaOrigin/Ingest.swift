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
    let backlog: Backlog
    let policy: IngestPolicy

    package init(
        catalog: any Catalog,
        vault: BlobVault,
        develop: Develop,
        backlog: Backlog,
        policy: IngestPolicy
    ) {
        self.catalog = catalog
        self.vault = vault
        self.develop = develop
        self.backlog = backlog
        self.policy = policy
    }

    /// - Parameter body: the picture's bytes; read to its end unless the upload is refused first.
    /// - Returns: the version, `ready`, or `processing` where the upload asked for an early answer.
    /// - Throws: ``OriginError``, or an error of a port; then nothing of the upload is left.
    package func callAsFunction(_ upload: Upload, body: inout some UploadBody) async throws -> AssetVersion {
        let meters = OriginMeters.shared
        do {
            if upload.respondsAsync { try self.backlog.checkRoom() }
            let opening = try await self.readOpening(of: &body)
            let ref = try await self.number(for: upload.target)
            let version = try await self.undoingNumber(ref) {
                let source = try await self.seal(opening, body: &body, as: ref, of: upload)
                return try await self.commitSource(source, as: ref, of: upload)
            }
            meters.uploadBytes.increment(by: version.source.bytes)
            guard upload.respondsAsync else {
                let ready = try await self.develop(version, for: .client)
                meters.uploadsReady.increment()
                return ready
            }
            self.backlog.add(version.ref)
            meters.uploadsAccepted.increment()
            return version
        } catch {
            meters.uploadsRefused.increment()
            throw error
        }
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

    package init(target: Target, bytesExpected: Int?, respondsAsync: Bool) {
        self.target = target
        self.bytesExpected = bytesExpected
        self.respondsAsync = respondsAsync
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

    package init(tenant: Tenant, uploadBytesMax: Int, limits: PictureLimits, presets: [Preset]) {
        self.tenant = tenant
        self.uploadBytesMax = uploadBytesMax
        self.limits = limits
        self.presets = presets
    }
}
