import Glibc

/// What this machine takes for the same thing, now: a piece of work, and waking a thread that waits.
///
/// Between two runs a shared machine changes. A build is called slower only where it is so in seconds and in yardsticks
/// (docs/decisions/0026).
package struct Yardstick {
    /// Steps of the piece of work; about a millisecond.
    private static let steps = 500_000
    /// There and back again.
    private static let wakeUps = 15
    /// Between two, so that both threads are asleep when the next one comes.
    private static let restMicroseconds: UInt32 = 500

    /// Seconds of each.
    package struct Length: Codable, Sendable, Equatable {
        /// CPU time of the piece of work.
        package var work: Double
        /// From a byte that is sent to a thread that sleeps until its answer; the median.
        package var wakeUp: Double

        package init(work: Double, wakeUp: Double) {
            self.work = work
            self.wakeUp = wakeUp
        }

        static func average(_ first: Length, _ second: Length) -> Length {
            Length(work: (first.work + second.work) / 2, wakeUp: (first.wakeUp + second.wakeUp) / 2)
        }
    }

    private let echo: Echo

    /// - Throws: ``BenchError`` where the system gives no sockets or no thread.
    package init() throws(BenchError) { self.echo = try Echo() }

    /// Takes about 10 ms, and the calling thread with it.
    package func measure() -> Length {
        let start = Self.seconds(CLOCK_THREAD_CPUTIME_ID)
        var value: UInt64 = 1
        for _ in 0..<Self.steps {
            // xorshift64: each step needs the one before, so that no compiler makes them fewer.
            value ^= value << 13
            value ^= value >> 7
            value ^= value << 17
        }
        let work = Self.seconds(CLOCK_THREAD_CPUTIME_ID) - start
        // It never becomes 0; the loop has to be run to know.
        guard value != 0 else { return Length(work: 0, wakeUp: 0) }
        let wakeUps = (0..<Self.wakeUps).map { _ in
            usleep(Self.restMicroseconds)
            let sent = Self.seconds(CLOCK_MONOTONIC)
            self.echo.exchange()
            return Self.seconds(CLOCK_MONOTONIC) - sent
        }
        return Length(work: work, wakeUp: Statistics.median(wakeUps))
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// A thread that sends every byte back. It ends when the other side of its socket is closed.
private final class Echo {
    private let near: CInt
    private var thread = pthread_t()

    init() throws(BenchError) {
        var pair: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw BenchError(.service, "this machine gives no pair of sockets (error \(errno))")
        }
        self.near = pair[0]
        let far = UnsafeMutableRawPointer(bitPattern: Int(pair[1]))
        let failure = pthread_create(
            &self.thread,
            nil,
            { far in
                let socket = CInt(Int(bitPattern: far))
                var byte: UInt8 = 0
                while read(socket, &byte, 1) == 1, write(socket, &byte, 1) == 1 {}
                close(socket)
                return nil
            },
            far
        )
        guard failure == 0 else {
            close(pair[0])
            close(pair[1])
            throw BenchError(.service, "this machine gives no thread (error \(failure))")
        }
    }

    deinit {
        // Also where a program that was started meanwhile has the descriptor, too, the thread sees the end.
        shutdown(self.near, CInt(SHUT_RDWR))
        close(self.near)
        pthread_join(self.thread, nil)
    }

    func exchange() {
        var byte: UInt8 = 1
        guard write(self.near, &byte, 1) == 1 else { return }
        _ = read(self.near, &byte, 1)
    }
}
