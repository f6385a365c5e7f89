import Glibc
import MediaModel

/// Holds a data folder for this process, as long as it lives: two processes in one folder would write two catalogs into
/// one file and throw away each other's drafts.
///
/// The lock is flock(2) on the file `LOCK`: it goes with the process, however that ends, and is not passed to children
/// (`O_CLOEXEC`). The file stays; its contents mean nothing.
package final class DataFolderLock: Sendable {
    private static let attemptsMax = 20
    private static let pauseMicroseconds: UInt32 = 10_000

    private let file: OpenFile

    private init(_ file: OpenFile) { self.file = file }

    /// Takes the folder, or refuses. Makes the folder if need be (mode 0700; its parent must exist).
    ///
    /// A short call at start-up, made before there is a pool: it blocks for the time of three system calls, and for a
    /// fifth of a second where another process has the folder.
    ///
    /// - Throws: ``BlobStoreError``, `.inUse` where another process has it; its `detail` names the folder and says what
    ///   to do.
    package static func acquire(folder: String) throws -> DataFolderLock {
        let layout = StoreLayout(data: folder)
        let calls = LinuxFileSystem()
        do {
            do {
                try calls.makeFolder(layout.data, mode: StoreLayout.folderMode)
            } catch let error where error.number == EEXIST {}
            let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
            let file = try OpenFile(layout.lock, flags: flags, mode: StoreLayout.fileMode, calls: calls)
            try Self.lock(file, calls)
            return DataFolderLock(file)
        } catch {
            throw Self.refusal(error, folder: folder)
        }
    }

    /// Tries for a moment: whoever had it may be on its way out.
    private static func lock(_ file: OpenFile, _ calls: LinuxFileSystem) throws(SystemFailure) {
        for attempt in 1...Self.attemptsMax {
            do {
                return try calls.retrying { () throws(SystemFailure) in
                    if flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 { throw SystemFailure("flock", number: errno) }
                }
            } catch {
                guard error.number == EWOULDBLOCK, attempt < Self.attemptsMax else { throw error }
                usleep(Self.pauseMicroseconds)
            }
        }
    }

    private static func refusal(_ failure: SystemFailure, folder: String) -> BlobStoreError {
        if failure.call == "flock", failure.number == EWOULDBLOCK {
            return BlobStoreError(
                .inUse,
                detail: "the data folder '\(folder)' is in use: another process holds its lock (file LOCK); stop that "
                    + "process or give this one a folder of its own"
            )
        }
        return BlobStoreError(
            .failed,
            detail: "the data folder '\(folder)' cannot be locked: \(BlobStoreError.detail(failure, blob: nil))"
        )
    }

    /// Gives the folder back before the last reference goes.
    package func release() { try? self.file.close() }
}
