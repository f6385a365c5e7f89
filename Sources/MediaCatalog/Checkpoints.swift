import GRDB
import GRDBSQLite
import MediaModel
import Synchronization

/// Checkpoints the WAL after the commit that makes it long enough, and says so where that fails.
///
/// SQLite's own (`wal_autocheckpoint`) does the first and drops the error. But where the file could not be synced, the
/// next try may find the pages clean that never reached the disk, and the WAL that still has them begins anew
/// (RELIABILITY §1.6, §3.4): the process must end before that.
final class Checkpoints: Sendable {
    private let framesMax: Int
    /// The WAL's length after the last commit, in frames; 0 since the last checkpoint.
    private let frames = Atomic<Int>(0)

    /// - Parameter framesMax: the length of the WAL, in frames (each a page), from which on a commit is followed by a
    ///   checkpoint; 1 or more.
    init(framesMax: Int) { self.framesMax = framesMax }

    /// Hears of the writer's commits from now on. It must live as long as there are any.
    func watch(_ writer: Database) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        // What the hook returns is no way to tell of a checkpoint's error: SQLite reports it without its code.
        _ = sqlite3_wal_hook(
            writer.sqliteConnection,
            { context, _, _, frames in
                guard let context else { return SQLITE_OK }
                let checkpoints = Unmanaged<Checkpoints>.fromOpaque(context).takeUnretainedValue()
                checkpoints.frames.store(Int(frames), ordering: .relaxed)
                return SQLITE_OK
            },
            context
        )
    }

    /// Brings the WAL into the file where it is long enough. Outside of a transaction.
    ///
    /// - Throws: ``CatalogError`` `.syncFailed`. On a full disk, or in another program's way, the WAL keeps it all and
    ///   the next commit tries again.
    func runIfDue(on writer: Database) throws(CatalogError) {
        guard self.frames.load(ordering: .relaxed) >= self.framesMax else { return }
        do {
            _ = try writer.checkpoint(.passive)
            self.frames.store(0, ordering: .relaxed)
        } catch {
            let error = CatalogError(committing: error)
            if error.code == .syncFailed { throw error }
        }
    }
}
