import Glibc
import NIOCore

/// The socket of a channel, written to past the channel: an answer that the kernel takes whole needs no queue, no
/// flush and no promise.
///
/// Of the channel's event loop, and only while the channel holds nothing that is still to be written.
struct DirectSocket {
    private let descriptor: CInt

    private static var flags: Int32 { Int32(MSG_DONTWAIT | MSG_NOSIGNAL) }

    /// Nil for a channel that is no socket, or none any more.
    init?(_ channel: any Channel) {
        let pipeline = channel.pipeline.syncOperations
        let descriptor = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        guard let descriptor else { return nil }
        self.descriptor = descriptor
    }

    /// Bytes of the head, and behind it of the body, that the kernel took. What it did not take is the channel's to
    /// write, and what kept it from that the channel's to find out.
    func send(_ head: ByteBuffer, _ body: HotBody?) -> Int {
        switch body {
        case nil: head.withUnsafeReadableBytes { self.send($0) }
        case .buffer(let body): self.send(head, body)
        case .file(let body): self.send(head, body)
        }
    }

    private func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        max(0, Glibc.send(self.descriptor, bytes.baseAddress, bytes.count, Self.flags))
    }

    private func send(_ head: ByteBuffer, _ body: ByteBuffer) -> Int {
        head.withUnsafeReadableBytes { head in
            body.withUnsafeReadableBytes { body in
                var parts = (Self.part(head), Self.part(body))
                return withUnsafeMutableBytes(of: &parts) { parts in
                    var message = msghdr()
                    message.msg_iov = parts.bindMemory(to: iovec.self).baseAddress
                    message.msg_iovlen = 2
                    return max(0, sendmsg(self.descriptor, &message, Self.flags))
                }
            }
        }
    }

    /// In segments of its own: a head that waits for the body's first bytes (MSG_MORE) puts all of them out of step
    /// with the pages they lie in, and the whole costs a third more.
    private func send(_ head: ByteBuffer, _ body: FileBody) -> Int {
        let taken = head.withUnsafeReadableBytes { self.send($0) }
        guard taken == head.readableBytes else { return taken }
        return taken + body.send(to: self.descriptor)
    }

    private static func part(_ bytes: UnsafeRawBufferPointer) -> iovec {
        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
