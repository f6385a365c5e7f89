import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Listens on the control socket until the service stops; then operations are cancelled, and say so, and the socket is
/// gone.
struct ControlListener: Service {
    /// Connections at a time: each is a program that an operator has started.
    static let connectionsMax = 32

    let path: String
    let responder: ControlResponder
    let logger: Logger
    let onListening: @Sendable () async -> Void

    /// Throws ``ControlSocketError`` where the socket cannot be had.
    func run() async throws {
        let descriptor = try ListeningSocket.bind(self.path)
        defer { ListeningSocket.unlink(self.path) }
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(descriptor, childChannelInitializer: ControlConnection.configure)
        await self.onListening()
        try await withGracefulShutdownHandler {
            try await server.executeThenClose { connections in
                try await withLogger(self.logger) { _ in try await self.accept(connections) }
            }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
        }
    }

    private func accept(_ connections: NIOAsyncChannelInboundStream<ControlConnection.Channel>) async throws {
        let count = ConnectionCount()
        try await withThrowingDiscardingTaskGroup { group in
            for try await channel in connections {
                guard count.enter(max: Self.connectionsMax) else {
                    channel.channel.close(promise: nil)
                    continue
                }
                group.addTask {
                    defer { count.leave() }
                    await ControlConnection(channel: channel, responder: self.responder).serve()
                }
            }
        }
    }
}

/// How many connections there are.
private final class ConnectionCount: Sendable {
    private let value = Atomic<Int>(0)

    func enter(max: Int) -> Bool {
        guard self.value.add(1, ordering: .relaxed).newValue <= max else {
            self.leave()
            return false
        }
        return true
    }

    func leave() { self.value.subtract(1, ordering: .relaxed) }
}
