import MediaTesting
import Synchronization
import Testing

@testable import MediaOrigin

@Suite("A single flight") struct SingleFlightTests {
    let flight = SingleFlight<String, Int>()

    /// Holds work up until it is opened.
    private final class Door: Sendable {
        private let stream: AsyncStream<Void>
        private let opener: AsyncStream<Void>.Continuation

        init() { (self.stream, self.opener) = AsyncStream.makeStream(of: Void.self) }

        func open() { self.opener.finish() }

        func pass() async { for await _ in self.stream {} }
    }

    private final class Tally: Sendable {
        private let value = Atomic(0)
        var count: Int { self.value.load(ordering: .relaxed) }
        func add() { self.value.add(1, ordering: .relaxed) }
    }

    @Test("does the work once for all who wait for it")
    func oneForAll() async throws {
        let door = Door()
        let runs = Tally()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try await self.flight("a") {
                        runs.add()
                        await door.pass()
                        return 7
                    }
                }
            }
            try await eventually { self.flight.waitersCount == 100 }
            #expect(self.flight.count == 1)
            door.open()
            for try await value in group { #expect(value == 7) }
        }
        #expect(runs.count == 1)
        #expect(self.flight.count == 0)
    }

    @Test("gives its error to all, and the next caller a new attempt")
    func errorsAreShared() async throws {
        let error = KeyErrorSample()
        await #expect(throws: KeyErrorSample.self) { try await self.flight("a") { throw error } }
        #expect(try await self.flight("a") { 1 } == 1)
        #expect(self.flight.count == 0)
    }

    private struct KeyErrorSample: Error {}

    @Test("lets who is cancelled go, and the others have what they wait for", arguments: [0, 1, 2])
    func cancellationIsOnesOwn(cancelled: Int) async throws {
        let door = Door()
        var tasks: [Task<Int, any Error>] = []
        for number in 1...3 {
            tasks.append(
                Task {
                    try await self.flight("a") {
                        await door.pass()
                        return 7
                    }
                }
            )
            // The first is the one whose work runs.
            try await eventually { self.flight.waitersCount == number }
            #expect(self.flight.count == 1)
        }
        tasks[cancelled].cancel()
        await #expect(throws: CancellationError.self) { try await tasks[cancelled].value }
        door.open()
        for (index, task) in tasks.enumerated() where index != cancelled { #expect(try await task.value == 7) }
    }

    @Test("goes on when nobody waits any more, and whoever comes then waits for the same")
    func goesOnForNobody() async throws {
        let door = Door()
        let runs = Tally()
        let work: @Sendable () async throws -> Int = {
            runs.add()
            await door.pass()
            return 7
        }
        let first = Task { try await self.flight("a", work) }
        try await eventually { runs.count == 1 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(self.flight.waitersCount == 0)
        let second = Task { try await self.flight("a", work) }
        try await eventually { self.flight.waitersCount == 1 }
        door.open()
        #expect(try await second.value == 7)
        #expect(runs.count == 1)
    }

    @Test("refuses a caller who was cancelled before")
    func cancelledBefore() async throws {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await self.flight("a") { 7 }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await eventually { self.flight.count == 0 }
    }
}
