import CCrypto
import MediaModel

/// Memory for a secret: one owner, never grown or copied behind our back, wiped when the owner lets go.
///
/// An array would not do: Swift copies it on a write while it is shared, and frees the old storage as it is.
///
/// `@unchecked Sendable`: the value cannot be copied, so the pointer has one owner; the bytes change only through a
/// `mutating` call, which the compiler makes exclusive.
package struct SecretBytes: ~Copyable, @unchecked Sendable {
    /// Bytes in it.
    package let count: Int
    private let memory: UnsafeMutablePointer<UInt8>

    /// `count` zero bytes.
    package init(count: Int) {
        self.count = count
        self.memory = .allocate(capacity: max(count, 1))
        self.memory.initialize(repeating: 0, count: max(count, 1))
    }

    /// A copy of `bytes`; the caller wipes the original where that is its own.
    package init(copying bytes: some Collection<UInt8>) {
        self.init(count: bytes.count)
        for (index, byte) in bytes.enumerated() { self.memory[index] = byte }
    }

    /// The parts, one after the other.
    init(joining parts: Slice<UnsafeBufferPointer<UInt8>>...) {
        self.init(count: parts.reduce(0) { $0 + $1.count })
        var position = 0
        for part in parts {
            for byte in part {
                self.memory[position] = byte
                position += 1
            }
        }
    }

    deinit {
        ccrypto_wipe(self.memory, self.count)
        self.memory.deallocate()
    }

    /// Lends the bytes; the pointer must not outlive the call.
    package borrowing func withBytes<Result: ~Copyable, Failure>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: self.memory, count: self.count))
    }

    /// Lends the bytes for writing; the pointer must not outlive the call.
    package mutating func withMutableBytes<Result: ~Copyable, Failure>(
        _ body: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeMutableBufferPointer(start: self.memory, count: self.count))
    }
}

/// Overwrites an array that held a secret, so that its storage is not freed as it is. The array must not be shared.
func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { memory in
        guard let address = memory.baseAddress else { return }
        ccrypto_wipe(address, memory.count)
    }
}
