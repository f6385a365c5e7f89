import Metrics
import NIOCore

/// What every connection gets before anything is read from it, in clear or encrypted.
struct ConnectionGuards {
    /// Beyond the high mark whoever writes waits until the low one. Of a hit nothing is copied, and one of 100 KB does
    /// not reach it.
    private static let bufferedBytes = ChannelOptions.Types.WriteBufferWaterMark(low: 64 * 1024, high: 256 * 1024)

    let patience: PeerPatience
    let addresses: ConnectionsByAddress
    /// Nil: nobody counts the connections.
    let openMeter: Meter?

    /// To be called on the channel's event loop, before other handlers are added.
    func add(to channel: any Channel, _ progress: RequestProgress, isEncrypted: Bool) throws {
        if let openMeter = self.openMeter {
            openMeter.increment()
            channel.closeFuture.whenComplete { _ in openMeter.decrement() }
        }
        let handler = PeerGuardHandler(progress, patience: self.patience, isEncrypted: isEncrypted)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.syncOptions?.setOption(.writeBufferWaterMark, value: Self.bufferedBytes)
        try self.admit(channel)
    }

    /// A set-up that fails would be taken for a fault of the listener, so one that is too many is set up, too.
    private func admit(_ channel: any Channel) throws {
        guard let origin = ConnectionsByAddress.Origin(channel.remoteAddress) else { return }
        guard self.addresses.admit(origin) else {
            return try channel.pipeline.syncOperations.addHandler(TurnAwayHandler(), position: .first)
        }
        channel.closeFuture.whenComplete { [addresses] _ in addresses.leave(origin) }
    }
}
