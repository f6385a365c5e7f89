import Glibc

/// The CPU that the service has used: as it says itself, or as the kernel says of a process on this machine.
package struct CPUAccount: Sendable {
    /// CPU seconds since the service's start.
    package typealias Reading = @Sendable () async throws -> Double

    /// Of rows of requests, in each round.
    private static let burst = Duration.milliseconds(150)
    /// Of services side by side, each of them so often in a round, and so long each time: long enough that most rows
    /// find the service's own code in the caches, short enough that whatever comes between falls on all.
    private static let turns = 15
    private static let turn = Duration.milliseconds(10)
    private static let probes = 8

    let read: Reading
    /// What it takes to be asked, which falls into every difference.
    private let ownSeconds: Double
    /// The kernel's clock of the process; nil where the service has to be asked, which is too much for every row.
    private let clock: clockid_t?

    /// Asks a few times, to know what asking takes: the least is what is always in it.
    ///
    /// - Throws: what `read` throws.
    package init(_ read: @escaping Reading) async throws {
        self.read = read
        self.clock = nil
        var last = try await read()
        var least = Double.infinity
        for _ in 0..<Self.probes {
            let next = try await read()
            least = min(least, next - last)
            last = next
        }
        self.ownSeconds = max(0, least)
    }

    /// Of a process on this machine.
    ///
    /// - Throws: ``BenchError`` where there is none.
    package init(process: Int32) throws(BenchError) {
        var clock = clockid_t()
        guard clock_getcpuclockid(process, &clock) == 0 else {
            throw BenchError(.service, "there is no process \(process) on this machine, or it hides its CPU time")
        }
        self.clock = clock
        self.ownSeconds = 0
        self.read = { [clock] in Self.seconds(clock) }
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// - Parameter before: a reading; nil gives nil.
    /// - Throws: ``BenchError`` where the service was started anew.
    func seconds(since before: Double?) async throws -> Double? {
        guard let before else { return nil }
        let after = try await self.read()
        guard after >= before else {
            throw BenchError(.service, "the service was started anew while it was measured: look into its log")
        }
        return max(0, after - before - self.ownSeconds)
    }

    /// Of rows of requests of one service, or of several that take turns; nil for one that has no account or no
    /// request for rows.
    static func secondsPerRequest(
        of sides: [(account: CPUAccount?, request: WireRequest?)],
        _ connections: Int
    ) async throws -> [Double?] {
        let clocks = sides.compactMap { $0.account?.clock }
        let requests = sides.compactMap(\.request)
        guard sides.count > 1, clocks.count == sides.count, requests.count == sides.count else {
            var seconds: [Double?] = []
            for (account, request) in sides {
                guard let account, let request else {
                    seconds.append(nil)
                    continue
                }
                seconds.append(try await account.secondsPerRequest(request, connections))
            }
            return seconds
        }
        let bursts = try requests.map { try Burst($0, connections: connections) }
        for burst in bursts { _ = try burst.run(for: .zero) }
        var rows = sides.map { _ in [Double]() }
        for turn in 0..<Self.turns {
            for side in turn.isMultiple(of: 2) ? Array(sides.indices) : sides.indices.reversed() {
                rows[side] += try bursts[side].rows(for: Self.turn) { Self.seconds(clocks[side]) }
            }
        }
        return rows.map { Statistics.lowerQuartile($0) / Double(connections) }
    }

    /// Of rows of requests on so many connections. With the kernel's clock each row is measured for itself, and the
    /// lower quartile of hundreds is what counts: those that nobody else came between.
    func secondsPerRequest(_ request: WireRequest, _ connections: Int) async throws -> Double? {
        let burst = try Burst(request, connections: connections)
        // The first row is that of new connections.
        _ = try burst.run(for: .zero)
        if let clock = self.clock {
            let rows = try burst.rows(for: Self.burst) { Self.seconds(clock) }
            return Statistics.lowerQuartile(rows) / Double(connections)
        }
        let before = try await self.read()
        let count = try burst.run(for: Self.burst)
        return try await self.seconds(since: before).map { $0 / Double(count) }
    }
}
