import CDisk
import Glibc

/// Writes a journal anew, without the lines that later ones replaced.
enum JournalRewriting {
    private static let pieceBytes = 64 << 10

    /// Puts a journal of an index' latest lines in the place of the one that is open, and closes that; leaves it where
    /// it is if it says what may not be true any more. Blocks.
    ///
    /// - Returns: the journal that is there now, open and locked.
    /// - Throws: ``ConvertFailure``.
    static func rewritten(_ path: String, _ index: JournalIndex, _ boot: String, in old: CInt) throws -> CInt {
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = try ConvertJournal.locked(temporary)
        do {
            var end = 0
            var piece = JournalText.start(boot: boot)
            let isComplete = try index.forEachLatest { line in
                piece += JournalText.output(line)
                if piece.count >= Self.pieceBytes { try Self.write(&piece, to: descriptor, &end) }
            }
            guard isComplete else {
                unlink(temporary)
                close(descriptor)
                return old
            }
            piece += JournalText.checkpoint(end + piece.count)
            try Self.write(&piece, to: descriptor, &end)
            // The outputs too, as the checkpoint says.
            guard cdisk_sync(descriptor) == 0, rename(temporary, path) == 0 else { throw Self.failure(path) }
        } catch {
            unlink(temporary)
            close(descriptor)
            throw error
        }
        close(old)
        return descriptor
    }

    private static func write(_ piece: inout [UInt8], to descriptor: CInt, _ end: inout Int) throws {
        var rest = piece[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Self.failure("it") }
            rest = rest.dropFirst(written)
        }
        end += piece.count
        piece = []
    }

    private static func failure(_ path: String) -> ConvertFailure {
        ConvertFailure("the journal \(path) cannot be written anew: \(String(errno: errno))")
    }
}
