import MediaModel
import Synchronization

/// What a rebuild has done and found; written to by many tasks.
final class RebuildJournal: Sendable {
    private struct State {
        var rebuilt = Rebuilt()
        /// Blobs that no key opens, by the key that their headers name.
        var locked: [EnvelopeKeyID: Int] = [:]
        var clock = ProgressClock()
    }

    private let state = Mutex(State())
    private let report: OperationReport

    init(_ report: @escaping OperationReport) { self.report = report }

    var rebuilt: Rebuilt { self.state.withLock { $0.rebuilt } }

    /// Tells how far it is, about once a second.
    func progress(_ text: (Rebuilt) -> String) async {
        let rebuilt = self.state.withLock { $0.clock.isDue() ? $0.rebuilt : nil }
        guard let rebuilt else { return }
        await self.report(OperationLine(.progress, text(rebuilt), fields: rebuilt.fields))
    }

    /// Counts an asset that the catalog has taken.
    func count(_ restored: [RestoredVersion], _ shared: RebuildSharedSources) {
        let versions = restored.map(\.version)
        let renditions = versions.flatMap(\.renditions) + restored.flatMap(\.further)
        let sources = versions.map(\.source).filter { shared.isFirstUse(of: $0.id) }
        self.state.withLock { state in
            state.rebuilt.assets += 1
            state.rebuilt.versions += versions.count
            state.rebuilt.processing += versions.filter { $0.state == .processing }.count
            for blob in sources + renditions.map(\.blob) {
                state.rebuilt.blobs += 1
                state.rebuilt.sealedBytes += blob.sealedBytes
            }
        }
    }

    /// - Returns: nil where the blob cannot be used, which was told.
    /// - Throws: what is not about this blob.
    func tellingOf<Value>(_ blob: BlobID, _ work: () async throws -> Value) async throws -> Value? {
        do {
            return try await work()
        } catch let error as KeyError where error.code == .unavailable || error.code == .mismatch {
            // Its key is told of at the end, with the number of its blobs.
            return nil
        } catch let error as BlobStoreError where error.code == .failed {
            await self.tell(.outOfReach, of: blob, error.detail)
            return nil
        } catch {
            guard let damage = Damage(error) else { throw error }
            await self.tell(damage, of: blob, String(reflecting: error))
            return nil
        }
    }

    func tell(_ damage: Damage, of blob: BlobID, _ detail: String) async {
        await self.tell(damage.code, "blob \(blob): \(detail); it stays where it is", ["blob": "\(blob)"])
    }

    /// Counts a blob that no key opens.
    func countLocked(under key: EnvelopeKeyID) {
        self.state.withLock { state in
            state.rebuilt.locked += 1
            state.locked[key, default: 0] += 1
        }
    }

    /// Tells of the keys that were needed and do not open.
    func tellOfLocked(_ failures: [EnvelopeKeyID: KeyError]) async {
        for (key, blobs) in self.state.withLock({ $0.locked }).sorted(by: { $0.key.description < $1.key.description }) {
            let error = failures[key] ?? KeyError(.unavailable, detail: "it is not known")
            let text = "envelope key \(key): \(error.detail); \(blobs) blobs stay closed, and where they are"
            await self.tell(error.code.description, text, ["key": "\(key)", "blobs": "\(blobs)"])
        }
    }

    /// Tells of a version that the catalog gets otherwise than it was, or not at all.
    func tell(_ code: String, _ text: String, of version: VersionRef) async {
        let fields = ["asset": "\(version.asset)", "version": "\(version.number)"]
        await self.tell(code, "\(version): \(text)", fields)
    }

    private func tell(_ code: String, _ text: String, _ fields: [String: String]) async {
        self.state.withLock { $0.rebuilt.findings += 1 }
        await self.report(OperationLine(.finding, "\(code): \(text)", fields: fields.merging(["code": code]) { $1 }))
    }
}
