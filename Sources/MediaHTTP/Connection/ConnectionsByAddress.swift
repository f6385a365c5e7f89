import Glibc
import Metrics
import NIOCore
import Synchronization

/// Counts open connections by where they come from, so that one address cannot have all of them.
final class ConnectionsByAddress: Sendable {
    private let connectionsMax: Int
    private let open = Mutex<[Origin: Int]>([:])

    /// An IPv4 address, or the first 64 bits of an IPv6 one: who has one of these has all of its others.
    struct Origin: Hashable, Sendable {
        private let bytes: UInt64
        private let isIPv4: Bool

        /// Nil where it is no IP address.
        init?(_ address: SocketAddress?) {
            guard let address, address.protocol != .unix else { return nil }
            // struct sockaddr_in has the address at byte 4, struct sockaddr_in6 at byte 8 (ip(7), ipv6(7)).
            let all = address.withSockAddr { pointer, size in
                Array(UnsafeRawBufferPointer(start: pointer, count: size))
            }
            if address.protocol == .inet6 {
                let bytes = all[8..<24]
                // An IPv4 client of a socket that takes both (RFC 4291 §2.5.5.2).
                let isMapped = bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
                self.init(isMapped ? bytes.suffix(4) : bytes.prefix(8), isIPv4: isMapped)
            } else {
                self.init(all[4..<8], isIPv4: true)
            }
        }

        private init(_ bytes: ArraySlice<UInt8>, isIPv4: Bool) {
            self.bytes = bytes.reduce(0) { $0 << 8 | UInt64($1) }
            self.isIPv4 = isIPv4
        }
    }

    init(connectionsMax: Int) { self.connectionsMax = connectionsMax }

    /// Counts a connection, unless its address has its most already.
    func admit(_ origin: Origin) -> Bool {
        self.open.withLock { open in
            let count = open[origin, default: 0]
            guard count < self.connectionsMax else { return false }
            open[origin] = count + 1
            return true
        }
    }

    /// A connection that was admitted has ended.
    func leave(_ origin: Origin) {
        self.open.withLock { open in
            guard let count = open[origin] else { preconditionFailure("a connection left twice") }
            open[origin] = count > 1 ? count - 1 : nil
        }
    }

    var count: Int { self.open.withLock { $0.values.reduce(0, +) } }
}

/// Closes a connection as soon as it is one.
final class TurnAwayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        CutMeters.shared.address.increment()
        context.fireChannelActive()
        context.close(promise: nil)
    }
}
