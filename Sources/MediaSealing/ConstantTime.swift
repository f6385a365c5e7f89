import CCrypto

/// Whether both are equal, in a time that depends on their lengths alone: an ordinary comparison stops at the first
/// byte that differs, and so tells a guesser how far the guess was right.
package func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withUnsafeBytes { left in right.withUnsafeBytes { right in constantTimeEqual(left, right) } }
}

/// As for arrays.
func constantTimeEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    return ccrypto_equal(left.baseAddress, right.baseAddress, left.count) == 1
}
