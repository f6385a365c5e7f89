import Glibc
import NIOCore

/// What the kernel knows of a TCP connection that nobody else does.
enum TCPProgress {
    /// The first 128 bytes of Linux's `struct tcp_info` (linux/tcp.h), which only grows at its end.
    private struct Info: Sendable {
        var words: InlineArray<16, UInt64>
        /// `tcpi_bytes_acked`, at byte 120: bytes that the peer's kernel has acknowledged (RFC 4898).
        var bytesAcknowledged: Int { Int(clamping: self.words[15]) }
    }

    /// - Returns: how much of what was sent has arrived, a handshake's byte more at the most.
    static func bytesAcknowledged(_ socket: any SocketOptionProvider) -> EventLoopFuture<Int> {
        let info: EventLoopFuture<Info> = socket.unsafeGetSocketOption(
            level: SocketOptionLevel(IPPROTO_TCP),
            name: SocketOptionName(TCP_INFO)
        )
        return info.map(\.bytesAcknowledged)
    }
}
