import Logging
import MediaModel

// What becomes of a version that gets no renditions.

extension Develop {
    /// Whether another attempt would end the same: the picture's fault, or the source's.
    ///
    /// A codec that dies or takes too long is most likely the picture's doing, but a machine that is short of memory or
    /// time looks the same: that takes two attempts to believe.
    static func isFinal(_ error: any Error, attempt: Int) -> Bool {
        switch error {
        case let error as RenderError where error.code == .crashed || error.code == .deadline: attempt >= 2
        case let error as RenderError: !error.code.isRetryable
        // The asset was deleted, or may have no more.
        case let error as CatalogError: [.conflict, .gone, .quotaExceeded].contains(error.code)
        default: Damage(error) != nil
        }
    }

    /// A failure of ours ends the upload that waits for it; on the backlog the version stays for another attempt.
    /// Whoever is cancelled (the service stops) leaves the version to the next start.
    static func isOver(for asker: Asker, _ error: any Error) -> Bool {
        if error is CancellationError { return false }
        guard case .backlog(let attempt) = asker else { return true }
        return Self.isFinal(error, attempt: attempt)
    }

    /// Ends a version that will not be ready; what cannot be done now, on a full disk say, the backlog does later.
    func end(_ version: AssetVersion, because error: any Error) async {
        do {
            try await self.tryToEnd(version, because: error)
        } catch {
            Logger.current.error(
                "A version could not be ended yet",
                metadata: ["version": "\(version.ref)", "error": "\(String(reflecting: error))"]
            )
            self.backlog.end(version.ref, because: error)
        }
    }

    /// A picture that is refused leaves nothing behind, unless a client was told of its version: then that stays, to be
    /// seen as `failed`.
    func tryToEnd(_ version: AssetVersion, because error: any Error) async throws {
        if let damage = Damage(error) { try await self.catalog.setDamage(damage.code, of: version.source.id) }
        do {
            await self.vault.remove(
                version.isAnnounced ? try await self.fail(version, error) : try await self.catalog.discard(version.ref)
            )
        } catch let refusal as CatalogError where refusal.code == .conflict || refusal.code == .gone {
            // Somebody was told of it meanwhile, or it went away with its asset.
            guard let now = try await self.catalog.version(version.ref), now.state == .processing else { return }
            if now.isAnnounced, !version.isAnnounced { self.backlog.add(now.ref) }
        }
    }

    /// The source goes where a codec has said what is wrong with it. Otherwise a client that was told of the version
    /// has been promised to keep it: it can be developed on another day (`reprocess`).
    private func fail(_ version: AssetVersion, _ error: any Error) async throws -> [BlobID] {
        try await self.catalog.fail(
            version.ref,
            failure: Self.failureCode(of: error),
            keepsSource: !((error as? RenderError)?.code.isVerdict ?? false)
        )
    }

    /// What a failed version shows for a reason: the code of a problem.
    private static func failureCode(of error: any Error) -> String {
        switch error {
        case let error as RenderError: error.code.description
        case let error as CatalogError: error.code.description
        default: OriginError.Code.sourceDamaged.description
        }
    }
}
