import CSandbox
import Glibc
import MediaModel
import Synchronization

/// One worker process, as the pool sees it. It is lent to one thread at a time; only ``hangUp()`` may come from
/// another.
///
/// Whoever has it calls ``end()`` once it is of no more use: until then the process or its entry in the table of
/// processes exists.
final class WorkerProcess: Sendable {
    /// What a worker has to say to a job.
    enum Answer: Sendable {
        case outcome(RenderOutcome)
        case comparison(Comparison)
        /// It is the picture's fault.
        case refusal(RenderError)
        /// It is the fault of one of two.
        case compareRefusal(CompareError)
    }

    /// How long a process may take from the end of its socket to its own: the kernel closes descriptors last but one.
    private static let endingMilliseconds: Int32 = 250

    let id: pid_t
    let socket: WireSocket
    /// The job after which it is to be replaced; 0 is none.
    let jobsMax: Int
    private let jobs = Atomic(0)
    private let gaveUp = Atomic(false)
    private let isReaped = Atomic(false)

    /// Starts `executable`; it has not said hello yet.
    ///
    /// - Throws: ``WorkerFailure`` with `.system` when the process cannot be started.
    init(executable: String, limits: WorkerLimits, jobsMax: Int = 0) throws {
        var ends: [Int32] = [-1, -1]
        let paired = csandbox_socket_pair(&ends)
        guard paired == 0 else { throw WorkerFailure(call: "socketpair", result: Int(paired)) }
        self.socket = WireSocket(owning: Descriptor(owning: ends[0]))
        // Ours must be the only copy of our end, and the child's of its own: the end of a process is seen by that.
        defer { close(ends[1]) }
        var child: pid_t = 0
        let started = Self.withArguments(["mediaworker"] + limits.arguments) {
            csandbox_spawn(executable, $0, ends[1], &child)
        }
        guard started == 0 else { throw WorkerFailure(call: "posix_spawn", result: Int(started)) }
        self.id = child
        self.jobsMax = jobsMax
    }

    /// Jobs that it has answered.
    var jobsDone: Int { self.jobs.load(ordering: .relaxed) }

    /// Whether it gave up a picture at the deadline.
    var hasGivenUp: Bool { self.gaveUp.load(ordering: .relaxed) }

    func count(_ answer: Answer) {
        self.jobs.add(1, ordering: .relaxed)
        guard case .refusal(let error) = answer, error.code == .deadline else { return }
        self.gaveUp.store(true, ordering: .relaxed)
    }

    /// Its resident memory that is no file's and no memory file's, in bytes; nil where /proc does not say.
    func privateBytes() -> Int? { self.memory().map { $0.resident - $0.shared } }

    /// All its resident memory, in bytes; nil where /proc does not say.
    func residentBytes() -> Int? { self.memory()?.resident }

    private func memory() -> (resident: Int, shared: Int)? {
        // proc(5): size, resident, shared, ..., in pages. Everybody may read it, of a process that is not dumpable too.
        guard let file = fopen("/proc/\(self.id)/statm", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let pages = text.split(separator: " ").prefix(3).compactMap { Int($0) }
        guard pages.count == 3 else { return nil }
        let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        return (pages[1] * pageBytes, pages[2] * pageBytes)
    }

    /// Waits for the worker's hello, which it says from inside its sandbox.
    ///
    /// - Throws: ``WorkerFailure``; `.system` with the worker's own words when it cannot be confined.
    func hello(within time: Duration) throws -> WireProtocol.Hello {
        guard let datagram = try self.receive(until: .now + time) else {
            throw WorkerFailure(.deadline, "no hello within \(time)")
        }
        if let failure = try? WireProtocol.decode(WireProtocol.NoHello.self, from: datagram.bytes) {
            throw WorkerFailure(.system, WireProtocol.tamed(failure.reason))
        }
        let hello = try WireProtocol.decode(WireProtocol.Hello.self, from: datagram.bytes)
        guard hello.version == WireProtocol.version else {
            let ours = WireProtocol.version
            throw WorkerFailure(.protocol, "it speaks protocol \(hello.version), this program \(ours)")
        }
        let codecs = WireProtocol.tamed(hello.codecs)
        return WireProtocol.Hello(codecs: codecs, formats: hello.formats, missing: hello.missing)
    }

    /// Why an idle worker must not be given a job: it has ended, or has spoken without being asked, and what it said
    /// would be taken for the answer. Nil when it is well.
    func complaint() -> WorkerFailure? {
        do {
            guard let datagram = try self.receive(until: .now) else { return nil }
            return WorkerFailure(.protocol, "\(datagram.bytes.count) bytes that nobody asked for")
        } catch let failure as WorkerFailure {
            return failure
        } catch {
            return WorkerFailure(.system, "\(error)")
        }
    }

    /// One datagram, or nil when none has come until then.
    ///
    /// - Throws: ``WorkerFailure``; `.crash` when the worker has closed its end.
    func receive(until deadline: ContinuousClock.Instant) throws -> WireSocket.Datagram? {
        try self.socket.receive(until: deadline)
    }

    /// Tells the worker to finish, and wakes the thread that waits for it.
    func hangUp() { self.socket.hangUp() }

    /// Whether the process has ended by itself; then nothing is left of it. Does not wait.
    func hasEnded() -> Bool {
        if self.isReaped.load(ordering: .acquiring) { return true }
        var status: Int32 = 0
        guard csandbox_reap(self.id, &status) != 0 else { return false }
        self.isReaped.store(true, ordering: .releasing)
        return true
    }

    /// Kills the process if it still runs and takes it out of the table of processes.
    ///
    /// - Parameter isEnding: whether its socket has ended, so that it gets a moment to end by itself; a kill before
    ///   that would pass for one by somebody else.
    @discardableResult
    func end(isEnding: Bool = false) -> WorkerEnding {
        guard !self.isReaped.exchange(true, ordering: .acquiringAndReleasing) else {
            return WorkerEnding(unknown: "it had ended")
        }
        let hasEnded = csandbox_wait_for_end(self.id, isEnding ? Self.endingMilliseconds : 0) == 1
        var status: Int32 = 0
        let result = csandbox_kill_and_reap(self.id, &status)
        guard result == 1 else {
            return WorkerEnding(unknown: "it could not be reaped: \(SystemCall.text(-Int(result)))")
        }
        // A process that was already ending keeps the status it ends with: the kill does not hide a crash's signal.
        return WorkerEnding(status: status, isKilledByUs: !hasEnded)
    }

    private static func withArguments(
        _ arguments: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Int32
    ) -> Int32 {
        let copies = arguments.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}
