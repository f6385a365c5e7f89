import NIOCore

/// Status lines with `Date`, made anew when the second changes (RFC 9110 §6.6.1).
struct Preamble {
    private(set) var ok = ByteBuffer()
    private(set) var notModified = ByteBuffer()
    private var second = -1

    /// - Parameter now: Unix seconds.
    mutating func refresh(_ now: Int) {
        guard now != self.second else { return }
        self.second = now
        let date = "Date: \(HTTPDates.format(unixSeconds: now))\r\n"
        self.ok = ByteBuffer(string: "HTTP/1.1 200 OK\r\n" + date)
        self.notModified = ByteBuffer(string: "HTTP/1.1 304 Not Modified\r\n" + date)
    }
}
