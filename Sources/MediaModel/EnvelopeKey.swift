/// A 256-bit key that wraps data keys. It lives on a page of its own that is not swapped and not dumped (mlock(2),
/// madvise(2)), and is wiped when the last reference goes.
///
/// `@unchecked Sendable`: the memory is written once in `init` and only read until `deinit`, when nobody else holds it.
package final class EnvelopeKey: @unchecked Sendable {
    package static let byteCount = 32

    package let id: EnvelopeKeyID
    private let page: SecretPage

    /// - Parameter bytes: exactly ``byteCount`` bytes; the caller wipes its own copy.
    package init(id: EnvelopeKeyID, bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount)
        self.id = id
        self.page = SecretPage(count: Self.byteCount)
        self.page.bytes.copyBytes(from: bytes)
    }

    /// A key whose bytes are made where they will stay: no copy of them is left anywhere.
    ///
    /// - Parameter fill: writes all of the ``byteCount`` zero bytes that it is lent; where it throws, there is no key.
    package init<Failure>(
        id: EnvelopeKeyID,
        filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        self.id = id
        self.page = SecretPage(count: Self.byteCount)
        try fill(self.page.bytes)
    }

    /// Lends the 32 bytes; the pointer must not outlive the call.
    package func withBytes<Result, Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(self.page.bytes))
    }

    /// Why keys could be written to swap: the system does not let this process lock as much memory as `keys` of them
    /// take. Nil where it does. For the log at the start: keys that cannot be locked are used all the same.
    package static func lockingFailure(keys: Int) -> String? { SecretPage.lockingFailure(pages: keys) }
}
