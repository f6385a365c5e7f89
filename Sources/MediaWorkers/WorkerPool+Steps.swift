import MediaModel
import NIOPosix

/// The steps of a job.
extension WorkerPool {
    /// What cannot be rendered at all is refused before it takes a place in the queue.
    func check(_ source: any PictureSource) throws {
        guard source.bytes >= 1 else { throw RenderError(.undecodable, detail: "an empty picture") }
        let bytesMax = self.configuration.sourceBytesMax
        guard source.bytes <= bytesMax else {
            throw RenderError(.unsupported, detail: "a picture of \(source.bytes) bytes; \(bytesMax) are allowed")
        }
    }

    /// Copies the picture into memory that the worker will map. A source that does not keep to its length is refused:
    /// the rest of the memory would be zeros that nobody uploaded.
    func read(_ source: any PictureSource) async throws -> SealedMemory { try await self.read([source]) }

    /// The same of several, back to back.
    func read(_ sources: [any PictureSource]) async throws -> SealedMemory {
        do {
            var draft = try MemoryDraft(name: "picture", bytes: sources.reduce(0) { $0 + $1.bytes })
            for source in sources {
                let others = draft.missing - source.bytes
                try await source.forEachChunk { chunk in
                    guard chunk.count <= draft.missing - others else {
                        throw RenderError(
                            .unavailable,
                            detail: "the source is longer than the \(source.bytes) bytes it said"
                        )
                    }
                    try draft.append(chunk)
                }
                guard draft.missing == others else {
                    let missing = "\(draft.missing - others) of the \(source.bytes) bytes it said are missing"
                    throw RenderError(.unavailable, detail: "the source is too short: \(missing)")
                }
            }
            return try draft.sealed()
        } catch let failure as WorkerFailure {
            throw failure.renderError
        }
    }

    /// Apart from the exchange: a job that does not fit a datagram is no worker's fault.
    func encode(_ request: WireProtocol.Request) throws -> [UInt8] {
        do {
            return try WireProtocol.encode(request)
        } catch let failure as WorkerFailure {
            throw failure.renderError
        }
    }

    func renderError(of refusal: AdmissionQueue.Refusal, _ priority: RenderPriority = .background) -> RenderError {
        switch refusal {
        case .full: self.busy("as many \(priority.rawValue) jobs wait as may", priority)
        case .late: self.busy("a job would wait longer for a worker than it may", priority)
        case .overdue: self.busy("no worker was free in time", priority)
        case .displaced: self.busy("a more urgent job needed its place", priority)
        case .closed: RenderError(.unavailable, detail: "the pool is shut down, or was never started")
        }
    }

    private func busy(_ detail: String, _ priority: RenderPriority) -> RenderError {
        RenderError(.busy, detail: detail, retryAfter: self.gate.expectedWait(for: priority))
    }

    /// Runs `body` where it may block.
    func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        do {
            return try await self.threads.runIfActive(body)
        } catch is CancellationError where !Task.isCancelled {
            // So NIO says that the threads have been stopped; the body has not run.
            throw self.renderError(of: .closed)
        }
    }
}
