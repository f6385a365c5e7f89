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

    private static func code(for error: DatabaseError) -> Code {
        switch error.extendedResultCode {
        // After these nobody knows whether the commit is on the disk (RELIABILITY §1.6).
        case .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC, .SQLITE_IOERR_CLOSE, .SQLITE_IOERR_COMMIT_ATOMIC:
            return .syncFailed
        case .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_ROWID:
            return .conflict
        default: break
        }
        switch error.resultCode {
        case .SQLITE_FULL: return .full
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .corrupt
        default: return .failed
        }
    }
}
