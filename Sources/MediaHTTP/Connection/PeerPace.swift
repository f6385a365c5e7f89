/// Judges a connection by what is seen of it from time to time. No I/O and no clock.
///
/// Hummingbird's idle timeout starts anew with each part of a body and does nothing while an answer is written
/// (RELIABILITY §1.9): a body of one byte in nine seconds, and a reader that never reads, live for ever. Here
/// - a head has a deadline, however its bytes drip (slowloris);
/// - a body has a least rate while we wait for it: a peer is not blamed for the time in which we did not read;
/// - what was sent has to be acknowledged at a least rate, to the last byte in the kernel's buffer.
struct PeerPace {
    /// What the connection does.
    enum Step: Hashable {
        case idle
        /// An HTTP/2 connection on which no stream is open, after so many: whatever else comes is no reason to keep it.
        case noStream(Int)
        /// A head has begun to arrive, or a handshake; which one, so that the next one has a time of its own.
        case head(Int)
        case body
        /// The request is here, and its answer is being made.
        case answering
    }

    struct Sample {
        var step: Step
        /// Bytes that have arrived since the beginning.
        var received: Int
        /// More bytes are asked for, and are not there.
        var isAwaited: Bool
        /// Bytes sent since the beginning, those included that wait in a buffer.
        var sent: Int
        /// Of these, how many the peer's kernel has acknowledged.
        var acknowledged: Int
    }

    enum Verdict: Hashable {
        case fine
        case idle
        case slowHead
        case slowBody
        case slowReader
    }

    /// Bytes that moved in a time that is being measured.
    private struct Window {
        var time = Duration.zero
        var bytes = 0
    }

    private let patience: PeerPatience
    private var last = Sample(step: .idle, received: 0, isAwaited: true, sent: 0, acknowledged: 0)
    private var idleTime = Duration.zero
    private var noStreamTime = Duration.zero
    private var headTime = Duration.zero
    private var body = Window()
    private var reading = Window()
    /// How many acknowledged bytes make the reader's window irrelevant: those that were under way when it began.
    private var readingGoal = 0

    init(_ patience: PeerPatience) { self.patience = patience }

    /// - Parameters:
    ///   - sample: what is seen now.
    ///   - elapsed: since the last look.
    mutating func judge(_ sample: Sample, after elapsed: Duration) -> Verdict {
        defer { self.last = sample }
        if self.isReadTooSlowly(sample, elapsed) { return .slowReader }
        switch sample.step {
        case .idle: return self.isIdleTooLong(sample, elapsed) ? .idle : .fine
        case .noStream: return self.isWithoutStreamTooLong(sample, elapsed) ? .idle : .fine
        case .head: return self.isHeadTooLong(sample, elapsed) ? .slowHead : .fine
        case .body: return self.isBodyTooSlow(sample, elapsed) ? .slowBody : .fine
        case .answering: return .fine
        }
    }

    private mutating func isIdleTooLong(_ sample: Sample, _ elapsed: Duration) -> Bool {
        let isQuiet =
            self.last.step == .idle && sample.received == self.last.received && sample.sent == self.last.sent
            && sample.acknowledged >= sample.sent
        self.idleTime = isQuiet ? self.idleTime + elapsed : .zero
        return self.idleTime >= self.patience.idle
    }

    /// At the idle time Hummingbird says GOAWAY and waits for the peer's word; so long it may take.
    private mutating func isWithoutStreamTooLong(_ sample: Sample, _ elapsed: Duration) -> Bool {
        self.noStreamTime = sample.step == self.last.step ? self.noStreamTime + elapsed : .zero
        return self.noStreamTime >= self.patience.idle + self.patience.head
    }

    private mutating func isHeadTooLong(_ sample: Sample, _ elapsed: Duration) -> Bool {
        self.headTime = sample.step == self.last.step ? self.headTime + elapsed : .zero
        return self.headTime >= self.patience.head
    }

    private mutating func isBodyTooSlow(_ sample: Sample, _ elapsed: Duration) -> Bool {
        if self.last.step != .body { self.body = Window() }
        self.body.bytes += sample.received - self.last.received
        // When nothing is asked for, what did not come is not the peer's fault; what came still counts.
        if sample.isAwaited { self.body.time += elapsed }
        guard self.body.time >= self.patience.stall else { return false }
        defer { self.body = Window() }
        return self.body.bytes < self.least(in: self.body.time)
    }

    private mutating func isReadTooSlowly(_ sample: Sample, _ elapsed: Duration) -> Bool {
        if sample.acknowledged >= self.readingGoal {
            // All that was under way is there; a new window for what is under way now, if anything is.
            self.reading = Window()
            self.readingGoal = sample.sent
            return false
        }
        self.reading.time += elapsed
        self.reading.bytes += sample.acknowledged - self.last.acknowledged
        guard self.reading.time >= self.patience.stall else { return false }
        let isSlow = self.reading.bytes < self.least(in: self.reading.time)
        self.reading = Window()
        self.readingGoal = sample.sent
        return isSlow
    }

    private func least(in time: Duration) -> Int { Int(Double(self.patience.bytesPerSecondMin) * (time / .seconds(1))) }
}
