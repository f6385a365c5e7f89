import CSandbox
import Glibc
package import MediaModel

/// The worker's side: takes one request after the other, gives each to the engine, answers.
///
/// It trusts the pool no more than the pool trusts it: whatever is not as ``WireProtocol`` says ends the process. What
/// it writes to standard error is for the operator.
package struct WorkerLoop<Engine: PictureEngine> {
    /// How long a worker waits for a job before it gives memory back.
    private static var idleTime: Duration { .seconds(1) }

    private let engine: Engine
    private let codecs: String
    private let limits: WorkerLimits
    private let confine: Confine
    private let socket: WireSocket

    /// Puts the sandbox around the process, for good. What it takes are the pieces that may be missing, what it returns
    /// those that are.
    package typealias Confine = (_ mayLack: Set<SandboxPiece>) throws -> Set<SandboxPiece>

    /// - Parameters:
    ///   - engine: already started: the limits hold from ``run()`` on.
    ///   - codecs: names and versions of the codec libraries, for people.
    ///   - socket: the worker's end.
    ///   - confine: called once, when the limits hold and before the first picture comes.
    package init(
        engine: Engine,
        codecs: String,
        limits: WorkerLimits,
        socket: WireSocket = .workersEnd(),
        confine: @escaping Confine
    ) {
        self.engine = engine
        self.codecs = codecs
        self.limits = limits
        self.confine = confine
        self.socket = socket
    }

    /// Serves until the pool closes its end.
    ///
    /// - Returns: the status to exit with: 0 at the end, 1 when the pool, the engine or the system broke the rules.
    package func run() -> Int32 {
        csandbox_ignore_stop_signals()
        do {
            try self.limits.apply()
            let missing = try self.confined()
            let hello = WireProtocol.Hello(codecs: self.codecs, formats: self.engine.formats, missing: missing)
            try self.socket.send(WireProtocol.encode(hello))
            while let datagram = try self.next() {
                let (request, picture) = try Self.check(datagram)
                try self.serve(request, picture)
            }
            return 0
        } catch {
            WorkerLog.write("ends: \(error)")
            return 1
        }
    }

    /// The next datagram; nil when the pool has closed its end. A worker that has nothing to do for a while gives free
    /// memory back, which under load would only be asked for again.
    private func next() throws -> WireSocket.Datagram? {
        if try !self.socket.waitReadable(until: .now + Self.idleTime) { csandbox_give_memory_back() }
        return try self.socket.receive()
    }

    /// What fails here is told to the pool as well: it is the operator's to mend, and decides whether a service starts.
    private func confined() throws -> Set<SandboxPiece> {
        do {
            return try self.confine(self.limits.mayLack)
        } catch {
            try self.socket.send(WireProtocol.encode(WireProtocol.NoHello(reason: "\(error)")))
            throw error
        }
    }

    static func check(_ datagram: WireSocket.Datagram) throws -> (WireProtocol.Request, SealedMemory) {
        let request = try WireProtocol.decode(WireProtocol.Request.self, from: datagram.bytes)
        guard request.version == WireProtocol.version else {
            throw WorkerFailure(.protocol, "protocol \(request.version); this worker speaks \(WireProtocol.version)")
        }
        guard let descriptor = datagram.descriptor else {
            throw WorkerFailure(.protocol, "a request without a picture")
        }
        guard (1...WireProtocol.timeMillisecondsMax).contains(request.timeMilliseconds) else {
            throw WorkerFailure(.protocol, "\(request.timeMilliseconds) ms for a job")
        }
        if case .compare(let job) = request.work {
            let (bytes, isTooLong) = job.first.bytes.addingReportingOverflow(job.second.bytes)
            guard job.first.bytes >= 1, job.second.bytes >= 1, !isTooLong, bytes == request.pictureBytes else {
                throw WorkerFailure(.protocol, "two pictures that are not all of the memory")
            }
        }
        return (request, try SealedMemory(received: descriptor, bytes: request.pictureBytes))
    }

    private func serve(_ request: WireProtocol.Request, _ picture: SealedMemory) throws {
        do {
            switch request.work {
            case .render(let job): try self.render(job, request, picture)
            case .compare(let job): try self.compare(job, request, picture)
            }
        } catch let error as RenderError where WireProtocol.reportable.contains(error.code) {
            try self.fail(request, error, of: nil)
        } catch let error as CompareError where WireProtocol.picturesFault.contains(error.cause.code) {
            try self.fail(request, error.cause, of: error.picture)
        }
    }

    private func fail(_ request: WireProtocol.Request, _ error: RenderError, of picture: ComparedPicture?) throws {
        let detail = WireProtocol.tamed(error.detail)
        let failure = WireProtocol.Failure(code: error.code.description, detail: detail, picture: picture)
        try self.socket.send(WireProtocol.encode(WireProtocol.Reply(id: request.id, failure: failure)))
    }

    private func render(_ job: RenderJob, _ request: WireProtocol.Request, _ picture: SealedMemory) throws {
        let outcome = try picture.withMapping { try self.engine.render(job, picture: $0, within: request.time) }
        precondition(outcome.renditions.map(\.preset) == job.presets, "the engine left the order of the presets")
        let result = WireProtocol.Result(
            facts: outcome.facts,
            renditions: outcome.renditions.map {
                WireProtocol.Piece(size: $0.size, bytes: $0.bytes.count, choice: $0.choice)
            },
            timings: outcome.timings,
            path: outcome.path,
            impression: outcome.impression
        )
        let reply = try WireProtocol.encode(WireProtocol.Reply(id: request.id, result: result))
        try self.socket.send(reply, memory: Self.memory(of: outcome.renditions))
    }

    private func compare(_ job: CompareJob, _ request: WireProtocol.Request, _ pictures: SealedMemory) throws {
        let made = try pictures.withMapping { bytes in
            try self.engine.compare(
                job,
                first: UnsafeRawBufferPointer(rebasing: bytes[..<job.first.bytes]),
                second: UnsafeRawBufferPointer(rebasing: bytes[job.first.bytes...]),
                within: request.time
            )
        }
        let result = WireProtocol.CompareResult(
            first: made.first,
            second: made.second,
            likeness: made.likeness,
            drawingBytes: made.drawing?.count ?? 0
        )
        let reply = try WireProtocol.encode(WireProtocol.Reply(id: request.id, comparison: result))
        try self.socket.send(reply, memory: made.drawing.map { try Self.memory(of: $0) })
    }

    private static func memory(of drawing: [UInt8]) throws -> SealedMemory {
        var draft = try MemoryDraft(name: "drawing", bytes: drawing.count)
        try draft.append(drawing)
        return try draft.sealed()
    }

    /// The renditions back to back; nil when there are none.
    private static func memory(of renditions: [RenderedPicture]) throws -> SealedMemory? {
        if renditions.isEmpty { return nil }
        var draft = try MemoryDraft(name: "renditions", bytes: renditions.reduce(0) { $0 + $1.bytes.count })
        for rendition in renditions { try draft.append(rendition.bytes) }
        return try draft.sealed()
    }
}

/// Lines of a worker for the operator, on standard error.
package enum WorkerLog {
    /// - Parameter line: without its end; one write, so that the lines of several workers do not mix.
    package static func write(_ line: String) {
        let bytes = Array("mediaworker[\(getpid())]: \(line)\n".utf8)
        // There is nobody to tell that standard error is gone.
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
