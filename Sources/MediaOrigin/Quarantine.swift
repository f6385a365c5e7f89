import FoundationEssentials
import Logging
package import MediaModel
import Metrics

/// Keeps sources from the codecs that have cost codec processes: by the digest of their bytes, across restarts. Two
/// strikes are enough (``PoisonRecord``).
///
/// A service that dies together with the job has noted nothing; that is for the isolation of the codecs to prevent.
package struct Quarantine: Sendable {
    let catalog: any Catalog

    package init(catalog: any Catalog) { self.catalog = catalog }

    /// Throws ``RenderError`` `.quarantined` for a source that no codec may get.
    func check(_ sha256: SHA256Digest) async throws {
        guard let record = try await self.catalog.poison(of: sha256), record.isQuarantined else { return }
        OriginMeters.shared.quarantineRefusals.increment()
        throw RenderError(
            .quarantined,
            detail: "\(sha256) has cost \(record.strikes) workers, the last by \(record.reason)"
        )
    }

    /// Gives a source to a codec, unless it is in quarantine, and notes whether that cost the codec's process.
    func rendering(
        _ sha256: SHA256Digest,
        _ render: () async throws -> RenderOutcome
    ) async throws -> RenderOutcome {
        try await self.check(sha256)
        do {
            return try await render()
        } catch let error as RenderError where error.costAWorker {
            await self.strike(sha256, error)
            throw error
        }
    }

    /// The error that led here is the one that the caller is told, also where this cannot be noted.
    private func strike(_ sha256: SHA256Digest, _ error: RenderError) async {
        OriginMeters.shared.poisonStrikes.increment()
        do {
            let record = try await self.catalog.strike(sha256, reason: error.code.description, at: Date())
            Logger.current.warning(
                record.isQuarantined ? "A source is in quarantine" : "A source has cost a worker",
                metadata: [
                    "sha256": "\(sha256)", "strikes": "\(record.strikes)",
                    "error": "\(String(reflecting: error))",
                ]
            )
            if record.isQuarantined { try await self.updateGauge() }
        } catch {
            Logger.current.error(
                "A source that has cost a worker could not be noted",
                metadata: ["sha256": "\(sha256)", "error": "\(String(reflecting: error))"]
            )
        }
    }

    /// Counts the sources in quarantine, for the metric: at the start, and where their number may have changed.
    package func updateGauge() async throws {
        let records = try await self.catalog.poisoned(limit: PoisonRecord.recordsMax)
        OriginMeters.shared.poisonSources.record(records.count(where: \.isQuarantined))
    }
}
