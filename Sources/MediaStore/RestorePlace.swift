import Glibc
import MediaModel
package import NIOPosix

/// Where a data folder is to be made of a back-up: where there is nothing, or where there is a folder that holds
/// nothing but the key ring. Rings are not in back-ups, so whoever keeps it may have put it there first.
package struct RestorePlace: Sendable {
    /// Names of one refusal, so that a full folder does not fill the screen.
    private static let namesToldMax = 3

    let folder: String
    /// Name of the file in the folder that stays in it, if it is there.
    private let kept: String?
    let calls: any FileSystemCalls

    /// Under this name the folder is filled.
    var filling: String { "\(self.folder).restoring" }

    private init(folder: String, kept: String?, calls: any FileSystemCalls) {
        self.folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        self.kept = kept
        self.calls = calls
    }

    /// Looks whether a data folder can be made there. Where a restore was cut off with the kept file in its hands, the
    /// folder gets it back first.
    ///
    /// - Parameters:
    ///   - folder: where it is to be. Its parent must exist.
    ///   - kept: name of a file that may be in the folder, and will be in the restored one; nil: none may.
    /// - Throws: ``BlobStoreError``, `.inUse` where another process is at work there; its `detail` says what is in the
    ///   way.
    package static func find(
        _ folder: String,
        keeping kept: String? = nil,
        threadPool: NIOThreadPool = .singleton,
        calls: any FileSystemCalls = LinuxFileSystem()
    ) async throws -> RestorePlace {
        let place = RestorePlace(folder: folder, kept: kept, calls: calls)
        try await threadPool.runBlocking {
            try place.giveBack()
            try place.checkIsFree()
        }
        return place
    }

    /// Puts the filled folder in the place, with the kept file in it; durable on return. The place is looked at again:
    /// filling takes hours. Where this throws, the kept file is where it was, but for a disk that fails twice: then it
    /// is in the filled folder, and ``find(_:keeping:threadPool:calls:)`` gives it back.
    func take() throws {
        let names = try self.checkIsFree()
        let kept = names.first { $0 == self.kept }
        do {
            // One rename, so that a power cut leaves it in one of the two folders.
            if let kept { try self.calls.rename("\(self.folder)/\(kept)", to: "\(self.filling)/\(kept)") }
            try WholeFile.remove(StoreLayout(data: self.folder).lock, self.calls)
            try FileBlobStore.syncFolder(self.filling, self.calls)
            // Takes the place of an empty folder, and of nothing else.
            try self.calls.rename(self.filling, to: self.folder)
        } catch {
            if let kept { try? self.calls.rename("\(self.filling)/\(kept)", to: "\(self.folder)/\(kept)") }
            throw error
        }
        try FileBlobStore.syncFolder(WholeFile.folder(of: self.folder), self.calls)
    }

    /// What ``take()`` had in its hands when the machine stopped.
    private func giveBack() throws {
        guard let kept, try BackupLayout.contents(of: self.filling, self.calls).contains(kept),
            try !BackupLayout.contents(of: self.folder, self.calls).contains(kept)
        else { return }
        let lock = try DataFolderLock.acquire(folder: self.filling)
        defer { lock.release() }
        try self.makeFolder()
        try self.calls.rename("\(self.filling)/\(kept)", to: "\(self.folder)/\(kept)")
        for folder in [self.folder, self.filling] { try FileBlobStore.syncFolder(folder, self.calls) }
    }

    private func makeFolder() throws(SystemFailure) {
        do {
            try self.calls.makeFolder(self.folder, mode: StoreLayout.folderMode)
        } catch let error where error.number == EEXIST {
            return
        }
    }

    /// - Returns: what is in the folder all the same.
    @discardableResult
    private func checkIsFree() throws -> Set<String> {
        let names = try BackupLayout.contents(of: self.folder, self.calls)
        let strange = names.filter { $0 != self.kept && $0 != StoreLayout.lockName }.sorted()
        guard strange.isEmpty else {
            let told = strange.prefix(Self.namesToldMax).map { "'\($0)'" }.joined(separator: ", ")
            throw BlobStoreError(
                .failed,
                detail: "the folder '\(self.folder)' is not empty: there is \(told)"
                    + (strange.count > Self.namesToldMax ? " and more" : "")
                    + "; a back-up is restored into a folder that is not there yet, or is empty"
                    + (self.kept.map { " but for the key ring '\($0)'" } ?? "")
            )
        }
        // Left by whoever had the folder; whoever has it still would go on in a folder without a name.
        if names.contains(StoreLayout.lockName) { try DataFolderLock.acquire(folder: self.folder).release() }
        return names
    }
}
