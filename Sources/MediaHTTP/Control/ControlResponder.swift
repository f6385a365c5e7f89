import HTTPTypes
import Logging
package import MediaOrigin
import NIOCore
import ServiceLifecycle
import Synchronization

/// Runs operations for the operator's program, over the control socket (docs/API.md, "The control socket").
///
/// - `GET /operations`: which there are, and which of them run.
/// - `POST /operations/{name}`, its options a JSON object of strings: runs it and answers with its lines, as they come.
///
/// It knows names only, and one rule: one operation of a name at a time.
package struct ControlResponder: Sendable {
    /// Reads its options, throwing before its first line where they are not what it takes; then works and reports. Its
    /// last line says `done` or `failed`: an answer without either was cut off. Cancelled when nobody listens any more,
    /// and when the service stops.
    package typealias Operation =
        @Sendable (_ options: [String: String], _ report: @escaping OperationReport)
        async throws(OperationOptionsError) -> Void

    private let operations: [String: Operation]
    private let running = RunningOperations()

    /// - Parameter operations: by name, which is of `[a-z0-9-]`.
    package init(operations: [String: Operation]) { self.operations = operations }

    func respond(to request: ControlRequest, through writer: ControlWriter) async throws {
        let wish: Wish
        do throws(Problem) {
            wish = try self.wish(request)
        } catch {
            return try await writer.answer(error)
        }
        switch wish {
        case .list: try await self.list(writer)
        case .run(let name, let operation, let options):
            defer { self.running.end(name) }
            try await self.run(operation, options, through: writer, as: name)
        }
    }

    private enum Wish {
        case list
        /// It is among the running ones now.
        case run(name: String, Operation, options: [String: String])
    }

    private func wish(_ request: ControlRequest) throws(Problem) -> Wish {
        let list = "/operations"
        if request.target == list {
            guard request.method == "GET" else { throw .methodNotAllowed("GET") }
            return .list
        }
        guard request.target.hasPrefix(list + "/") else {
            throw .notFound("The control socket has /operations and /operations/{name}.")
        }
        let name = String(request.target.dropFirst(list.count + 1))
        guard let operation = self.operations[name] else { throw .unknownOperation }
        guard request.method == "POST" else { throw .methodNotAllowed("POST") }
        let options = try request.options()
        guard self.running.begin(name) else { throw .operationRunning }
        return .run(name: name, operation, options: options)
    }

    private func list(_ writer: ControlWriter) async throws {
        let running = self.running.names
        let names = self.operations.keys.sorted()
        let list = OperationList(operations: names.map { .init(name: $0, running: running.contains($0)) })
        try await writer.answer(.ok, .json, JSON.encode(list))
    }

    /// The operation and its reader side by side: a line is written before the next one is asked for.
    private func run(
        _ operation: @escaping Operation,
        _ options: [String: String],
        through writer: ControlWriter,
        as name: String
    ) async throws {
        let lines = OperationLines()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await Self.work(operation, options, into: lines, as: name) }
            // Whatever ends the reading, the operation must not wait for a reader that is not there.
            defer { lines.close() }
            try await Self.pass(lines, to: writer)
        }
    }

    private static func pass(_ lines: OperationLines, to writer: ControlWriter) async throws {
        guard var next = await lines.next() else { throw CancellationError() }
        if case .refused(let error) = next { return try await writer.answer(Problem.badOptions(error.description)) }
        try await writer.begin(.ok, .ndjson)
        while true {
            guard case .line(let line) = next else { preconditionFailure("an operation was refused after it began") }
            var buffer = JSON.encode(line)
            buffer.writeString("\n")
            try await writer.append(buffer)
            if line.isLast { break }
            guard let following = await lines.next() else { throw CancellationError() }
            next = following
        }
        try await writer.end()
    }

    private static func work(
        _ operation: @escaping Operation,
        _ options: [String: String],
        into lines: OperationLines,
        as name: String
    ) async {
        Logger.current.notice("Operation begins", metadata: ["operation": "\(name)"])
        let start = ContinuousClock.now
        let last = LastLine()
        let refusal = await cancelWhenGracefulShutdown {
            await Self.refusal {
                () async throws(OperationOptionsError) in
                try await operation(options) { line in
                    last.set(line)
                    await lines.send(.line(line))
                }
            }
        }
        if let refusal { await lines.send(.refused(refusal)) }
        lines.close()
        let hasFailed = last.line?.kind == .failed
        Logger.current.log(
            level: hasFailed ? .error : .notice,
            "Operation ended",
            metadata: [
                "operation": "\(name)", "seconds": "\((ContinuousClock.now - start) / .seconds(1))",
                "result": "\(refusal?.description ?? last.line?.text ?? "")",
            ]
        )
    }

    private static func refusal(
        _ operation: () async throws(OperationOptionsError) -> Void
    ) async -> OperationOptionsError? {
        do throws(OperationOptionsError) {
            try await operation()
            return nil
        } catch {
            return error
        }
    }
}

/// What was said last; for the log.
private final class LastLine: Sendable {
    private let state = Mutex<OperationLine?>(nil)

    var line: OperationLine? { self.state.withLock { $0 } }

    func set(_ line: OperationLine) { self.state.withLock { $0 = line } }
}

/// The operations that run, by name.
private final class RunningOperations: Sendable {
    private let state = Mutex<Set<String>>([])

    var names: Set<String> { self.state.withLock { $0 } }

    /// - Returns: false where one of that name runs.
    func begin(_ name: String) -> Bool { self.state.withLock { $0.insert(name).inserted } }

    func end(_ name: String) { self.state.withLock { _ = $0.remove(name) } }
}

/// The answer to `GET /operations`.
private struct OperationList: Encodable {
    struct Entry: Encodable {
        let name: String
        let running: Bool
    }

    /// In the order of their names.
    let operations: [Entry]
}

extension HTTPFields {
    /// Of an operation's answer: one JSON document a line.
    fileprivate static let ndjson: HTTPFields = [.contentType: "application/x-ndjson", .cacheControl: "no-store"]
}
