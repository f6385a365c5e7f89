import Glibc
package import MediaModel
package import NIOPosix

/// The envelope keys in a file of the data folder, `envelope-keys.json`: what a store whose catalog is lost can still
/// be opened with, together with the root key. The keys in it are wrapped. ``EnvelopeKeyDocument`` has the form.
///
/// A write is a file of its own that takes the name when it is durable, so there is always a whole one. One write runs
/// at a time: that is up to the caller, as the data folder is (``DataFolderLock``).
package struct EnvelopeKeyFile: EnvelopeKeyMirror {
    /// Bytes of a file that is read at the most: 10,000 of the longest keys. A file beyond that is none of ours.
    static let bytesMax = 96 * 1024 * 1024

    private let layout: StoreLayout
    private let threadPool: NIOThreadPool
    private let calls: any FileSystemCalls

    /// - Parameters:
    ///   - folder: the data folder, which is there.
    ///   - threadPool: where all blocking calls run; it must be running, and outlive this.
    ///   - calls: the operating system.
    package init(
        folder: String,
        threadPool: NIOThreadPool = .singleton,
        calls: any FileSystemCalls = LinuxFileSystem()
    ) {
        self.layout = StoreLayout(data: folder)
        self.threadPool = threadPool
        self.calls = calls
    }

    package func read() async throws -> [EnvelopeKeyRecord] {
        try await self.threadPool.runBlocking {
            do {
                guard let file = try self.open() else { return [] }
                return try EnvelopeKeyDocument.decode(try self.contents(of: file))
            } catch let error as SystemFailure {
                throw self.bad(BlobStoreError.detail(error, blob: nil))
            } catch let error as EnvelopeKeyDocument.Flaw {
                throw self.bad(error.description)
            }
        }
    }

    package func write(_ records: [EnvelopeKeyRecord]) async throws {
        let bytes = try EnvelopeKeyDocument.encode(records)
        try await self.threadPool.runBlocking {
            let draft = "\(self.layout.envelopeKeys).new"
            try self.removeLeftover(draft)
            do {
                try self.write(bytes, to: draft)
                try self.calls.rename(draft, to: self.layout.envelopeKeys)
            } catch {
                try? self.calls.unlink(draft)
                throw error
            }
            try FileBlobStore.syncFolder(self.layout.data, self.calls)
        }
    }

    /// Made anew each time, so that it is ours and its mode is what we say.
    private func write(_ bytes: [UInt8], to draft: String) throws(SystemFailure) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = try OpenFile(draft, flags: flags, mode: StoreLayout.fileMode, calls: self.calls)
        try self.calls.writeAll(bytes, to: file.descriptor)
        try self.calls.sync(file.descriptor)
        try file.close()
    }

    private func removeLeftover(_ draft: String) throws(SystemFailure) {
        do {
            try self.calls.unlink(draft)
        } catch let error where error.number == ENOENT {
            return
        }
    }

    /// - Returns: nil where there is no file.
    private func open() throws(SystemFailure) -> OpenFile? {
        do {
            // Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
            let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            return try OpenFile(self.layout.envelopeKeys, flags: flags, calls: self.calls)
        } catch let error where error.number == ENOENT {
            return nil
        }
    }

    private func contents(of file: OpenFile) throws -> [UInt8] {
        let facts = try self.calls.facts(of: file.descriptor)
        guard facts.isRegularFile else { throw EnvelopeKeyDocument.Flaw("it is no regular file") }
        guard facts.bytes <= Self.bytesMax else { throw EnvelopeKeyDocument.Flaw("it has \(facts.bytes) bytes") }
        return try self.read(file, count: facts.bytes)
    }

    /// Less than `count` where the file ends before.
    private func read(_ file: OpenFile, count: Int) throws(SystemFailure) -> [UInt8] {
        let calls = self.calls
        var bytes = [UInt8](repeating: 0, count: count)
        let read = try bytes.withUnsafeMutableBufferPointer { (room) throws(SystemFailure) -> Int in
            try calls.readAll(file.descriptor, into: UnsafeMutableRawBufferPointer(room), at: 0)
        }
        return Array(bytes.prefix(read))
    }

    private func bad(_ detail: String) -> KeyError {
        KeyError(
            .badMirror,
            detail:
                "the copy of the envelope keys, \(self.layout.envelopeKeys), cannot be used: \(detail); put it back "
                + "from a backup, or move it away where the catalog is sound: it is written anew from that"
        )
    }
}
