import GRDB
import MediaModel

extension CatalogError {
    /// What an error inside a transaction means to the port's users.
    init(_ error: any Error) {
        switch error {
        case let error as CatalogError: self = error
        case let error as DatabaseError: self.init(error)
        default: self.init(.failed, detail: String(reflecting: error))
        }
    }

    /// The detail has SQLite's words and the statement, never the values that were bound to it.
    init(_ error: DatabaseError) {
        let code = error.extendedResultCode
        let words = error.message ?? "no message"
        let statement = error.sql.map { ", in: \($0)" } ?? ""
        self.init(Self.code(for: error), detail: "SQLite \(code.rawValue): \(words)\(statement)")
    }

    /// What an error of a COMMIT itself means.
    ///
    /// A COMMIT writes and syncs the WAL's frames before it notes them in the WAL's index. After any I/O error of it,
    /// whatever its name, the transaction may be on the disk, and the next start may find it: nothing of it may be
    /// undone (RELIABILITY §3.4). A full disk is another error: the last frame was not written then. The same
    /// goes for a checkpoint (``Checkpoints``).
    init(committing error: any Error) {
        let said = CatalogError(error)
        guard let error = error as? DatabaseError, error.resultCode == .SQLITE_IOERR else {
            self = said
            return
        }
        self.init(.syncFailed, detail: said.detail)
    }

    private static func code(for error: DatabaseError) -> Code {
        switch error.extendedResultCode {
        // Nothing was written: what could not be read, locked, looked up, or had no memory.
        case .SQLITE_IOERR_READ, .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_DATA, .SQLITE_IOERR_CORRUPTFS,
            .SQLITE_IOERR_MMAP, .SQLITE_IOERR_LOCK, .SQLITE_IOERR_RDLOCK, .SQLITE_IOERR_CHECKRESERVEDLOCK,
            .SQLITE_IOERR_BLOCKED, .SQLITE_IOERR_NOMEM, .SQLITE_IOERR_ACCESS, .SQLITE_IOERR_GETTEMPPATH,
            .SQLITE_IOERR_CONVPATH:
            return .failed
        // What a full disk gives where the WAL's index would have to grow for a statement (for a COMMIT it is another
        // matter, see `init(committing:)`): nothing was committed.
        case .SQLITE_IOERR_SHMSIZE: return .full
        case .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_ROWID:
            return .conflict
        default: break
        }
        switch error.resultCode {
        case .SQLITE_FULL: return .full
        // After any other, also one that SQLite invents later, nobody knows what of a commit is on the disk: the
        // process must end (RELIABILITY §3.4).
        case .SQLITE_IOERR: return .syncFailed
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .corrupt
        default: return .failed
        }
    }
}
