/// Cuts a stream of bytes into lines, as NDJSON has them.
struct LineSplitter {
    /// A line longer than that is none of ours.
    static let lineBytesMax = 1 << 20

    /// A line did not end within ``lineBytesMax``.
    struct TooLong: Error {}

    private var rest: [UInt8] = []

    /// The lines that `bytes` complete, without their ends; empty ones are left out.
    mutating func take(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if !self.rest.isEmpty { lines.append(self.rest) }
                self.rest = []
            } else {
                guard self.rest.count < Self.lineBytesMax else { throw TooLong() }
                self.rest.append(byte)
            }
        }
        return lines
    }
}
