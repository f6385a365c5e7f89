import CSandbox
import Glibc

/// Bytes in a memory file whose size and content nobody can change any more.
package struct SealedMemory: Sendable {
    let descriptor: Descriptor
    /// At least 1.
    package let bytes: Int

    fileprivate init(sealed descriptor: Descriptor, bytes: Int) {
        self.descriptor = descriptor
        self.bytes = bytes
    }

    /// Takes over memory that came from the other end.
    ///
    /// The seals are looked at before the size: without them the size may be another one a moment later, and reading
    /// mapped memory behind a new end kills the reader (SIGBUS).
    ///
    /// - Throws: ``WorkerFailure`` when it lacks a seal or is not exactly `bytes` long.
    package init(received descriptor: Descriptor, bytes: Int) throws {
        guard csandbox_memory_is_sealed(descriptor.raw) == 1 else {
            throw WorkerFailure(.protocol, "memory without its seals")
        }
        let found = csandbox_memory_size(descriptor.raw)
        guard bytes >= 1, found == Int64(bytes) else {
            throw WorkerFailure(.protocol, "memory of \(found) bytes where \(bytes) were announced")
        }
        self.init(sealed: descriptor, bytes: bytes)
    }

    /// Copies a part out.
    ///
    /// - Throws: ``WorkerFailure`` when it cannot be read whole.
    package func read(at offset: Int, count: Int) throws -> [UInt8] {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.bytes, "outside the memory")
        var failure = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let got = pread(self.descriptor.raw, rest.baseAddress, rest.count, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failure = got < 0 ? Int(errno) : Int(EIO)
                    return
                }
                filled += got
            }
        }
        if failure != 0 { throw WorkerFailure(call: "pread", result: -failure) }
        return bytes
    }

    /// Lends all bytes, mapped read-only; the pointer must not outlive the call.
    package func withMapping<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        guard let address = mmap(nil, self.bytes, PROT_READ, MAP_SHARED, self.descriptor.raw, 0), address != MAP_FAILED
        else { throw WorkerFailure(call: "mmap", result: -Int(errno)) }
        defer { munmap(address, self.bytes) }
        return try body(UnsafeRawBufferPointer(start: address, count: self.bytes))
    }
}

/// Memory while it is being filled: it gets its full size at once, then its bytes in order, then its seals.
package struct MemoryDraft: ~Copyable {
    private let descriptor: Descriptor
    private let bytes: Int
    private var written: Int

    /// - Parameters:
    ///   - name: shows in /proc only.
    ///   - bytes: the size it will have, at least 1.
    /// - Throws: ``WorkerFailure`` with `.system`.
    package init(name: String, bytes: Int) throws {
        precondition(bytes >= 1, "memory of no size")
        // A noncopyable value is made whole or not at all: what can fail comes first.
        self.descriptor = try Self.make(name, bytes)
        self.bytes = bytes
        self.written = 0
    }

    private static func make(_ name: String, _ bytes: Int) throws -> Descriptor {
        let raw = csandbox_memory_create(name)
        guard raw >= 0 else { throw WorkerFailure(call: "memfd_create", result: Int(raw)) }
        let descriptor = Descriptor(owning: raw)
        guard ftruncate(raw, off_t(bytes)) == 0 else { throw WorkerFailure(call: "ftruncate", result: -Int(errno)) }
        return descriptor
    }

    /// How many bytes are still missing.
    package var missing: Int { self.bytes - self.written }

    /// Writes the next bytes; there must be room for them.
    ///
    /// It is a copy in memory and waits for nothing, so it may run on a thread of the cooperative pool.
    package mutating func append(_ chunk: [UInt8]) throws {
        precondition(chunk.count <= self.missing, "more bytes than there is room for")
        var rest = chunk[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                pwrite(self.descriptor.raw, $0.baseAddress, $0.count, off_t(self.written))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw WorkerFailure(call: "pwrite", result: -Int(errno)) }
            self.written += count
            rest = rest.dropFirst(count)
        }
    }

    /// Freezes it. Nothing may be missing.
    package consuming func sealed() throws -> SealedMemory {
        precondition(self.missing == 0, "sealed before it was full")
        let result = csandbox_memory_seal(self.descriptor.raw)
        guard result == 0 else { throw WorkerFailure(call: "F_ADD_SEALS", result: Int(result)) }
        return SealedMemory(sealed: self.descriptor, bytes: self.bytes)
    }
}
