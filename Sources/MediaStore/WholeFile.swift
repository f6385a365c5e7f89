import Glibc
import MediaModel

/// Small files that are there whole or not at all.
enum WholeFile {
    private static let pieceBytes = 1 << 20

    /// Nil where there is no such file.
    ///
    /// - Throws: ``SystemFailure``; `EFBIG` for a file of more than `bytesMax`.
    static func read(_ path: String, bytesMax: Int, _ calls: any FileSystemCalls) throws(SystemFailure) -> [UInt8]? {
        let file: OpenFile
        do {
            file = try OpenFile(path, flags: O_RDONLY | O_CLOEXEC | O_NOFOLLOW, calls: calls)
        } catch let error where error.number == ENOENT {
            return nil
        }
        let size = try calls.facts(of: file.descriptor).bytes
        guard size <= bytesMax else { throw SystemFailure("read", number: EFBIG) }
        let bytes = try Self.read(file, 0..<size, calls)
        try file.close()
        return bytes
    }

    /// Writes a file in place of the one at `path`, if any. Durable on return.
    static func replace(_ path: String, with bytes: [UInt8], _ calls: any FileSystemCalls) throws(SystemFailure) {
        let next = "\(path).new"
        do {
            let file = try Self.create(next, calls)
            try calls.writeAll(bytes, to: file.descriptor)
            try calls.sync(file.descriptor)
            try file.close()
            try calls.rename(next, to: path)
        } catch {
            try? calls.unlink(next)
            throw error
        }
        try FileBlobStore.syncFolder(Self.folder(of: path), calls)
    }

    /// Copies a file of any size; what is at `newPath` is cut off first. The bytes are durable on return, the name is
    /// when its folder is synced.
    static func copy(_ path: String, to newPath: String, _ calls: any FileSystemCalls) throws(SystemFailure) {
        let source = try OpenFile(path, flags: O_RDONLY | O_CLOEXEC | O_NOFOLLOW, calls: calls)
        let copy = try Self.create(newPath, calls)
        var position = 0
        while true {
            let piece = try Self.read(source, position..<position + Self.pieceBytes, calls)
            try calls.writeAll(piece, to: copy.descriptor)
            position += piece.count
            if piece.count < Self.pieceBytes { break }
        }
        try calls.sync(copy.descriptor)
        try copy.close()
        try source.close()
    }

    /// Makes the bytes of a file durable that another part has written.
    static func sync(_ path: String, _ calls: any FileSystemCalls) throws(SystemFailure) {
        let file = try OpenFile(path, flags: O_RDONLY | O_CLOEXEC | O_NOFOLLOW, calls: calls)
        try calls.sync(file.descriptor)
        try file.close()
    }

    /// Removing what is not there is no error.
    static func remove(_ path: String, _ calls: any FileSystemCalls) throws(SystemFailure) {
        do {
            try calls.unlink(path)
        } catch let error where error.number == ENOENT {
            return
        }
    }

    static func folder(of path: String) -> String {
        let name = path.lastIndex(of: "/")
        return name.map { String(path[..<$0]) } ?? "."
    }

    private static func create(_ path: String, _ calls: any FileSystemCalls) throws(SystemFailure) -> OpenFile {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW
        return try OpenFile(path, flags: flags, mode: StoreLayout.fileMode, calls: calls)
    }

    /// Less than `range` only where the file ends.
    private static func read(
        _ file: OpenFile,
        _ range: Range<Int>,
        _ calls: any FileSystemCalls
    ) throws(SystemFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        let count = try bytes.withUnsafeMutableBufferPointer { (room) throws(SystemFailure) -> Int in
            try calls.readAll(file.descriptor, into: UnsafeMutableRawBufferPointer(room), at: range.lowerBound)
        }
        bytes.removeLast(range.count - count)
        return bytes
    }
}
