import FoundationEssentials
import Glibc
import Logging
import MediaHTTP
import MediaModel
import MediaOrigin
import MediaTesting
import ServiceLifecycle
import Synchronization
import Testing

/// The control socket, as its client sees it.
@Suite(.timeLimit(.minutes(5))) struct ControlListenerTests {
    static func listener(
        _ path: String,
        _ operations: [String: ControlResponder.Operation],
        _ onListening: @escaping @Sendable () async -> Void = {}
    ) -> any Service {
        OriginServer.controlListener(
            path: path,
            responder: ControlResponder(operations: operations),
            logger: Logger(label: "control", factory: { _ in SwiftLogNoOpLogHandler() }),
            onListening: onListening
        )
    }

    /// Listens for the length of `body`, which gets the path of the socket.
    static func with(
        _ operations: [String: ControlResponder.Operation],
        _ body: (String) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("control.sock")
        let (listening, started) = AsyncStream.makeStream(of: Void.self)
        let service = Self.listener(path, operations) { started.yield() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { started.finish() }
                try await service.run()
            }
            _ = await listening.first { true }
            try await body(path)
            group.cancelAll()
        }
        #expect(access(path, F_OK) != 0, "the socket is still there")
    }

    static func ask(_ path: String, _ method: String, _ target: String, _ body: String = "") async throws -> RawResponse
    {
        let connection = try await RawConnection.connect(unixPath: path)
        let head = RawRequest.head(method, target, bodyBytes: body.utf8.count)
        return try await connection.exchange(head, body: Array(body.utf8))
    }

    /// An operation that is done when `work` is.
    static func ending(
        _ work: @escaping @Sendable (@escaping OperationReport) async -> Void
    ) -> ControlResponder.Operation {
        { _, report in
            await work(report)
            await report(OperationLine(.done, "Done."))
        }
    }

    static func lines(_ response: RawResponse) throws -> [OperationLine] {
        #expect(response.status == 200, "\(response.text)")
        #expect(response["Content-Type"] == "application/x-ndjson")
        #expect(response.framing == .chunked)
        return try response.text.split(separator: "\n").map {
            try JSONDecoder().decode(OperationLine.self, from: Data($0.utf8))
        }
    }

    // What is said.

    @Test func operationsAreListedWithThoseThatRun() async throws {
        let gate = Gate()
        let operations: [String: ControlResponder.Operation] = [
            "fsck": Self.ending { _ in await gate.wait() }, "backup": Self.ending { _ in },
        ]
        try await Self.with(operations) { path in
            let idle = try await Self.ask(path, "GET", "/operations")
            #expect(idle["Content-Type"] == "application/json")
            let expected = #"{"operations":[{"name":"backup","running":false},{"name":"fsck","running":false}]}"#
            #expect(idle.text == expected)
            async let fsck = Self.ask(path, "POST", "/operations/fsck")
            await gate.waitUntilEntered()
            let busy = try await Self.ask(path, "GET", "/operations")
            #expect(busy.text == expected.replacing(#""fsck","running":false"#, with: #""fsck","running":true"#))
            gate.open()
            #expect(try Self.lines(try await fsck).map(\.kind) == [.done])
        }
    }

    @Test func linesComeAsTheyAreReported() async throws {
        let gate = Gate()
        let operation: ControlResponder.Operation = { options, report in
            await report(OperationLine(.row, "first", fields: options))
            await gate.wait()
            await report(OperationLine(.finding, "second\nin two lines"))
            await report(OperationLine(.progress, "third"))
            await report(OperationLine(.done, "All done.", fields: ["rows": "2"]))
        }
        try await Self.with(["list": operation]) { path in
            let connection = try await RawConnection.connect(unixPath: path)
            let options = #"{"a": "1", "b": "ä"}"#
            let head = RawRequest.head("POST", "/operations/list", bodyBytes: options.utf8.count)
            try await connection.send(head + options)
            var early = ""
            while !early.contains("first") {
                early += String(decoding: try await connection.receive(bytesMax: 65_536), as: UTF8.self)
            }
            #expect(early.contains(#"{"fields":{"a":"1","b":"ä"},"kind":"row","text":"first"}"#))
            #expect(early.contains("Connection: close"))
            gate.open()
            let rest = String(decoding: try await connection.receiveToEnd(), as: UTF8.self)
            let documents = rest.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("{") }
            #expect(
                documents == [
                    #"{"fields":{},"kind":"finding","text":"second\nin two lines"}"#,
                    #"{"fields":{},"kind":"progress","text":"third"}"#,
                    #"{"fields":{"rows":"2"},"kind":"done","text":"All done."}"#,
                ]
            )
            #expect(rest.hasSuffix("\r\n0\r\n\r\n"))
        }
    }

    /// How an operation ends is its own to say: nothing is made up for it.
    @Test func whatItSaysLastIsTheLastAndNothingIsPutInItsPlace() async throws {
        let operations: [String: ControlResponder.Operation] = [
            "silent": { _, _ in },
            "cut": { _, report in await report(OperationLine(.row, "one")) },
            "says-so": { _, report in
                await report(OperationLine(.failed, "No room.", fields: ["code": "store.full"]))
            },
        ]
        try await Self.with(operations) { path in
            let said = try Self.lines(try await Self.ask(path, "POST", "/operations/says-so"))
            #expect(said == [OperationLine(.failed, "No room.", fields: ["code": "store.full"])])
            for name in ["silent", "cut"] {
                let connection = try await RawConnection.connect(unixPath: path)
                try await connection.send(RawRequest.head("POST", "/operations/\(name)"))
                let answer = String(decoding: try await connection.receiveToEnd(), as: UTF8.self)
                #expect(!answer.contains("done") && !answer.contains("failed"), "\(answer)")
                #expect(!answer.hasSuffix("0\r\n\r\n"), "it must not look whole")
            }
        }
    }

    // What is refused.

    @Test func whatIsNotUnderstoodIsRefused() async throws {
        let operation: ControlResponder.Operation = {
            (options, report) async throws(OperationOptionsError) in
            guard options.isEmpty else {
                throw OperationOptionsError("'keys' knows no option '\(options.keys.sorted())'")
            }
            await report(OperationLine(.done, "Done."))
        }
        try await Self.with(["keys": operation]) { path in
            for (method, target, body, status, code) in [
                ("GET", "/", "", 404, "not-found"), ("GET", "/operation", "", 404, "not-found"),
                ("POST", "/operations/", "", 404, "unknown-operation"),
                ("POST", "/operations/no", "", 404, "unknown-operation"),
                ("POST", "/operations/keys?x=1", "", 404, "unknown-operation"),
                ("POST", "/operations", "", 405, "method-not-allowed"),
                ("GET", "/operations/keys", "", 405, "method-not-allowed"),
                ("POST", "/operations/keys", "[]", 400, "bad-options"),
                ("POST", "/operations/keys", "{", 400, "bad-options"),
                ("POST", "/operations/keys", #"{"a": 1}"#, 400, "bad-options"),
                ("POST", "/operations/keys", #"{"a": {"b": "c"}}"#, 400, "bad-options"),
                ("POST", "/operations/keys", #"{"a": "b"}"#, 400, "bad-options"),
                ("POST", "/operations/keys", String(repeating: " ", count: 65_537), 413, "content-too-large"),
            ] {
                let answer = try await Self.ask(path, method, target, body)
                #expect(try answer.problem(status) == code, "\(method) \(target) \(body.prefix(20))")
                #expect((answer["Allow"] != nil) == (status == 405))
            }
            let refused = try await Self.ask(path, "POST", "/operations/keys", #"{"all": "true"}"#)
            #expect(refused.text.contains("'keys' knows no option"))
            #expect(try Self.lines(try await Self.ask(path, "POST", "/operations/keys", "{}")).count == 1)
            let rubbish = try await RawConnection.connect(unixPath: path)
            #expect(try await rubbish.exchange("rubbish\r\n\r\n").status == 400)
        }
    }

    @Test func oneOfANameRunsAtATime() async throws {
        let gate = Gate()
        let operations: [String: ControlResponder.Operation] = [
            "a": Self.ending { _ in await gate.wait() }, "b": Self.ending { _ in },
        ]
        try await Self.with(operations) { path in
            async let first = Self.ask(path, "POST", "/operations/a")
            await gate.waitUntilEntered()
            let second = try await Self.ask(path, "POST", "/operations/a")
            #expect(try second.problem(409) == "operation-running")
            #expect(try Self.lines(try await Self.ask(path, "POST", "/operations/b")).count == 1)
            gate.open()
            #expect(try Self.lines(try await first).count == 1)
            #expect(try Self.lines(try await Self.ask(path, "POST", "/operations/a")).count == 1)
        }
    }

    // Who goes.

    @Test(arguments: ["close before a line", "close", "half-close"]) func aClientThatGoesCancels(
        how: String
    ) async throws {
        let (ends, end) = AsyncStream.makeStream(of: Bool.self)
        let gate = Gate()
        let operation: ControlResponder.Operation = { _, report in
            if how != "close before a line" { await report(OperationLine(.progress, "at work")) }
            gate.enter()
            try? await Task.sleep(for: .seconds(3600))
            end.yield(Task.isCancelled)
        }
        try await Self.with(["slow": operation]) { path in
            var connection: RawConnection? = try await RawConnection.connect(unixPath: path)
            try await connection?.send(RawRequest.head("POST", "/operations/slow"))
            await gate.waitUntilEntered()
            if how == "half-close" { try await connection?.halfClose() } else { connection = nil }
            #expect(await ends.first { _ in true } == true)
            // Another may begin.
            while try await Self.ask(path, "GET", "/operations").text.contains("true") {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test func anOperationIsNoFurtherThanItsReader() async throws {
        let counter = Counter()
        let operation = Self.ending { report in
            for _ in 0..<100 {
                await report(OperationLine(.row, String(repeating: "x", count: 64 * 1024)))
                counter.add()
            }
        }
        try await Self.with(["much": operation]) { path in
            let connection = try await RawConnection.connect(unixPath: path)
            try await connection.send(RawRequest.head("POST", "/operations/much"))
            var seen = 0
            repeat {
                seen = counter.count
                try await Task.sleep(for: .milliseconds(200))
            } while seen == 0 || seen != counter.count
            // What fits into the buffers of the socket, and no more.
            #expect(seen <= 30)
            let lines = try Self.lines(try await connection.receiveResponse(to: "POST"))
            #expect(lines.count == 101)
            #expect(lines.last?.kind == .done)
        }
    }

    @Test func theServiceThatStopsCancelsAndSaysSo() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("control.sock")
        let (listening, started) = AsyncStream.makeStream(of: Void.self)
        let gate = Gate()
        let operation: ControlResponder.Operation = { _, report in
            await report(OperationLine(.progress, "at work"))
            gate.enter()
            try? await Task.sleep(for: .seconds(3600))
            await report(OperationLine(.failed, "Interrupted.", fields: ["code": "stopped"]))
        }
        let service = Self.listener(path, ["slow": operation]) { started.yield() }
        let logger = Logger(label: "control", factory: { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(configuration: .init(services: [service], logger: logger))
        async let run: Void = group.run()
        _ = await listening.first { true }
        // One that has asked for nothing is no reason to stay.
        let idle = try await RawConnection.connect(unixPath: path)
        async let answer = Self.ask(path, "POST", "/operations/slow")
        await gate.waitUntilEntered()
        await group.triggerGracefulShutdown()
        let lines = try Self.lines(try await answer)
        #expect(lines.map(\.kind) == [.progress, .failed])
        #expect(lines.last?.fields == ["code": "stopped"])
        try await run
        #expect(access(path, F_OK) != 0)
        #expect(try await idle.isClosedByPeer())
    }
}

/// A door in the middle of an operation.
private final class Gate: Sendable {
    private let inside = AsyncStream.makeStream(of: Void.self)
    private let way = AsyncStream.makeStream(of: Void.self)

    func enter() { self.inside.continuation.yield() }

    func wait() async {
        self.enter()
        for await _ in self.way.stream { return }
    }

    func waitUntilEntered() async { for await _ in self.inside.stream { return } }

    /// Lets all through, now and later.
    func open() { self.way.continuation.finish() }
}

private final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    var count: Int { self.value.load(ordering: .relaxed) }

    func add() { self.value.add(1, ordering: .relaxed) }
}
