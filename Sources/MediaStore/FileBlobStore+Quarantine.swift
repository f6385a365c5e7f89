import FoundationEssentials
import Glibc
package import MediaModel

// Blobs that were put aside: one folder of files, which an operator may look at, and empty.

extension FileBlobStore {
    /// A rename, which is not synced: a blob that a power cut brings back has no row, as one that was removed.
    package func quarantine(_ id: BlobID) async throws {
        try await self.threadPool.runBlocking(blob: id) {
            try self.makeQuarantine()
            do {
                try self.calls.rename(self.layout.path(of: id), to: self.layout.quarantinedPath(of: id))
            } catch let error as SystemFailure where error.number == ENOENT {
                return
            }
        }
    }

    package func quarantined(after: BlobID?, limit: Int) async throws -> [StoredBlob] {
        precondition(limit >= 1, "a page has at least one row")
        return try await self.threadPool.runBlocking {
            var page: [StoredBlob] = []
            for id in try self.quarantinedIDs() where after.map({ $0 < id }) ?? true {
                guard let facts = try self.fileFacts(at: self.layout.quarantinedPath(of: id)) else { continue }
                // When the file was written is no help; that it was given another name counts as a change.
                let changedAt = Date(timeIntervalSince1970: facts.changedAt)
                page.append(StoredBlob(id: id, sealedBytes: facts.bytes, modifiedAt: changedAt))
                if page.count == limit { break }
            }
            return page
        }
    }

    package func removeQuarantined(_ id: BlobID) async throws {
        try await self.threadPool.runBlocking(blob: id) {
            do {
                try self.calls.unlink(self.layout.quarantinedPath(of: id))
            } catch let error as SystemFailure where error.number == ENOENT {
                return
            }
        }
    }

    private func makeQuarantine() throws(SystemFailure) {
        do {
            try self.calls.makeFolder(self.layout.quarantine, mode: StoreLayout.folderMode)
        } catch let error where error.number == EEXIST {
            return
        }
    }

    /// In order; none where nothing was ever put aside.
    private func quarantinedIDs() throws(SystemFailure) -> [BlobID] {
        do {
            return try self.calls.names(in: self.layout.quarantine).compactMap { BlobID($0) }.sorted()
        } catch let error where error.number == ENOENT {
            return []
        }
    }
}
