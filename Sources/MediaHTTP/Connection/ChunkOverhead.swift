/// Limits what a chunked body may have besides its data: chunk extensions, which llhttp reads and forgets without any
/// limit. The rule is that of Go's net/http (CVE-2023-39326): 16 bytes a chunk and twice the data are free, and what is
/// beyond is counted, up to 16 KiB in all. Trailers count as header fields, and have their limits.
struct ChunkOverhead {
    static let excessBytesMax = 16 * 1024
    private static let freeBytesOfChunk = 16
    private static let freeBytesOfDataByte = 2

    private var excess = 0

    /// - Parameters:
    ///   - bytes: that arrived from within a body.
    ///   - data: how many of them were the body's own.
    ///   - parts: the pieces in which the decoder gave these; never fewer than there were chunks.
    /// - Returns: whether that is too much.
    mutating func isExceeded(byBytes bytes: Int, data: Int, parts: Int) -> Bool {
        let free = data + Self.freeBytesOfDataByte * data + Self.freeBytesOfChunk * parts
        self.excess = max(0, self.excess + bytes - free)
        return self.excess > Self.excessBytesMax
    }
}
