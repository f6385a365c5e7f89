import Glibc
import NIOCore
import NIOEmbedded
import Testing

@testable import MediaHTTP

@Suite struct PeerGuardHandlerTests {
    /// Stands for TLS: the first read ends the handshake, and so many bytes of a request come with it.
    private final class Handshake: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let progress: RequestProgress
        private let decrypted: Int

        init(_ progress: RequestProgress, decrypted: Int) {
            self.progress = progress
            self.decrypted = decrypted
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.progress.handshakeEnded()
            self.progress.bytesReceived += self.decrypted
        }
    }

    /// A client whose last word of the handshake and first of a request arrive together is in its head, and has the
    /// time of a head; one that has said nothing yet is idle, and may be.
    @Test(arguments: [(0, true), (23, false)])
    func aHeadMayBeginWithTheEndOfAHandshake(decrypted: Int, lives: Bool) throws {
        let loop = EmbeddedEventLoop()
        let channel = EmbeddedChannel(loop: loop)
        let progress = RequestProgress()
        progress.handshakeBegins()
        let patience = PeerPatience(
            idle: .seconds(600),
            head: .milliseconds(50),
            stall: .seconds(600),
            bytesPerSecondMin: 1
        )
        try channel.pipeline.syncOperations.addHandlers([
            PeerGuardHandler(progress, patience: patience, isEncrypted: true),
            Handshake(progress, decrypted: decrypted),
        ])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(string: "encrypted"))
        // The loop's clock makes it look, the real one is what it sees then.
        for _ in 0..<10 {
            usleep(20_000)
            loop.advanceTime(by: .milliseconds(20))
        }
        #expect(channel.isActive == lives)
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
}
