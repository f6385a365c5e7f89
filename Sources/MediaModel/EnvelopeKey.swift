// For explicit_bzero(3) alone, which is no I/O.
import Glibc

/// A 256-bit key that wraps data keys. The bytes are wiped when the last reference goes.
///
/// `@unchecked Sendable`: the memory is written once in `init` and only read until `deinit`, when nobody else holds it.
package final class EnvelopeKey: @unchecked Sendable {
    package static let byteCount = 32

    package let id: EnvelopeKeyID
    private let memory: UnsafeMutableRawBufferPointer

    /// - Parameter bytes: exactly ``byteCount`` bytes; the caller wipes its own copy.
    package init(id: EnvelopeKeyID, bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount)
        self.id = id
        self.memory = .allocate(byteCount: Self.byteCount, alignment: 16)
        self.memory.copyBytes(from: bytes)
    }

    deinit {
        // Ordinary stores to memory that is freed next are dead, and an optimiser may drop them.
        if let address = self.memory.baseAddress { explicit_bzero(address, self.memory.count) }
        self.memory.deallocate()
    }

    /// Lends the 32 bytes; the pointer must not outlive the call.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(self.memory))
    }
}
