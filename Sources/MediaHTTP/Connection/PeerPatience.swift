/// How long a connection may take for each of its steps, and how slowly its bytes may come and go.
package struct PeerPatience: Sendable, Hashable {
    /// Without a request under way and with nothing left to send.
    package let idle: Duration
    /// From the first byte of a request's head to the last.
    package let head: Duration
    /// How long a peer may be too slow, with its body or with reading, before it is cut.
    package let stall: Duration
    /// Fewer bytes than this in a second are too slow, in either direction; at least 1.
    package let bytesPerSecondMin: Int

    package init(idle: Duration, head: Duration, stall: Duration, bytesPerSecondMin: Int) {
        self.idle = idle
        self.head = head
        self.stall = stall
        self.bytesPerSecondMin = bytesPerSecondMin
    }

    /// How often a connection is looked at: each limit is kept to within so much.
    var tick: Duration { min(.seconds(1), min(self.idle, self.head, self.stall) / 4) }
}
