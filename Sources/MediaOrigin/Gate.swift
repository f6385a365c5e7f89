/// Lets `width` pass at a time.
final class Gate: Sendable {
    private let tickets: AsyncStream<Void>
    private let returns: AsyncStream<Void>.Continuation

    init(width: Int) {
        (self.tickets, self.returns) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<width { self.returns.yield() }
    }

    func enter() async { for await _ in self.tickets { return } }

    func leave() { self.returns.yield() }
}
