import Glibc

/// Whose a data folder is.
enum FolderOwner {
    /// Bytes for what the system knows of a user: names and paths.
    private static let recordBytesMax = 16 * 1024

    /// Refuses a folder that is another user's. Root could write there all the same, and what it writes is root's, mode
    /// 0600: the service, which is not root, does not start any more.
    ///
    /// - Throws: ``OfflineOriginError``, `.otherUser`. A folder that is not there, or cannot be looked at, is for
    ///   whoever opens it.
    static func check(_ folder: String) throws {
        var status = stat()
        guard stat(folder, &status) == 0, status.st_uid != geteuid() else { return }
        let name = Self.name(of: status.st_uid)
        throw OfflineOriginError(
            .otherUser,
            "the data folder '\(folder)' belongs to user \(name ?? "\(status.st_uid)"), and this runs as user "
                + "\(Self.name(of: geteuid()) ?? "\(geteuid())"), whose files that user could not read; run it as the "
                + "folder's user: 'sudo -u \(name ?? "#\(status.st_uid)") mediactl …'"
        )
    }

    /// Nil where the system knows no name.
    private static func name(of user: uid_t) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.recordBytesMax) { room -> String? in
            var record = passwd()
            var found: UnsafeMutablePointer<passwd>?
            guard let start = room.baseAddress, getpwuid_r(user, &record, start, room.count, &found) == 0, let found
            else { return nil }
            return found.pointee.pw_name.map { String(cString: $0) }
        }
    }
}
