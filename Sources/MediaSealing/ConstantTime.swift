import CCrypto

/// Whether both are equal, in a time that depends on their lengths alone: an ordinary comparison stops at the first
/// byte that differs, and so tells a guesser how far the guess was right.
package func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && ccrypto_equal(left, right, left.count) == 1
}
