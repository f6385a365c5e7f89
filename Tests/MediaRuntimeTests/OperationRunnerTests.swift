import MediaModel
import MediaOrigin
import Synchronization
import Testing

@testable import MediaRuntime

/// Whatever an operation does, what is said of it ends in one last line.
@Suite struct OperationRunnerTests {
    private struct Surprise: Error {}

    /// What is said when `work` runs.
    private static func lines(
        _ work: @escaping (@escaping OperationReport) async throws -> Void
    ) async throws -> [OperationLine] {
        let collected = Collected()
        try await OperationRunner { collected.add($0) }.run(work)
        return collected.lines
    }

    private final class Collected: Sendable {
        private let list = Mutex<[OperationLine]>([])

        var lines: [OperationLine] { self.list.withLock { $0 } }

        func add(_ line: OperationLine) { self.list.withLock { $0.append(line) } }
    }

    @Test func aSilentOperationIsDone() async throws {
        #expect(try await Self.lines { _ in }.map(\.kind) == [.done])
    }

    @Test(arguments: [OperationLine.Kind.done, .failed])
    func itsOwnLastLineIsTheLast(kind: OperationLine.Kind) async throws {
        let last = OperationLine(kind, "3 keys", fields: ["keys": "3"])
        let lines = try await Self.lines { report in
            await report(OperationLine(.row, "one"))
            await report(last)
            await report(OperationLine(.row, "two"))
        }
        #expect(lines == [OperationLine(.row, "one"), OperationLine(.row, "two"), last])
    }

    /// Nobody hears that it is done before it is.
    @Test func itIsNotDoneBeforeItHasEnded() async throws {
        let lines = try await Self.lines { report in
            await report(OperationLine(.done, "3 keys"))
            throw CatalogError(.full, detail: "closing the catalog")
        }
        #expect(lines.map(\.kind) == [.failed])
        #expect(lines.first?.fields == ["code": "catalog.full"])
    }

    @Test func anErrorIsTheLastLineWithItsCodeAndWhatToDo() async throws {
        let lines = try await Self.lines { report in
            await report(OperationLine(.progress, "1 of 2"))
            throw CatalogError(.keyInUse, detail: "3 blobs need ek-1")
        }
        #expect(lines.map(\.kind) == [.progress, .failed])
        let last = try #require(lines.last)
        #expect(last.fields == ["code": "catalog.envelope-key-in-use"])
        #expect(last.text.contains("3 blobs need ek-1"))
        #expect(last.text.contains("mediactl keys rewrap"))
    }

    @Test func anErrorOfNoPortIsToldToo() async throws {
        let last = try #require(try await Self.lines { _ in throw Surprise() }.last)
        #expect(last.kind == .failed)
        #expect(last.text.contains("Surprise"))
        #expect(last.fields == ["code": "internal-error"])
    }

    @Test func interruptionIsNoMystery() async throws {
        let last = try #require(try await Self.lines { _ in throw CancellationError() }.last)
        #expect(last.text.hasPrefix("Interrupted."))
        #expect(last.fields == ["code": "stopped"])
    }

    @Test func optionsAreRefusedBeforeTheFirstLineOnly() async throws {
        await #expect(throws: OperationOptionsError.self) {
            _ = try await Self.lines { _ in throw OperationOptionsError("no such key") }
        }
        let lines = try await Self.lines { report in
            await report(OperationLine(.row, "one"))
            throw OperationOptionsError("too late to refuse")
        }
        #expect(lines.map(\.kind) == [.row, .failed])
        #expect(lines.last?.fields == ["code": "bad-options"])
        // Also where nothing was passed on yet: a line that is kept back is a beginning.
        let held = try await Self.lines { report in
            await report(OperationLine(.done, "Done."))
            throw OperationOptionsError("too late to refuse")
        }
        #expect(held.map(\.kind) == [.failed])
    }

    @Test func aTextCannotMoveTheCursor() {
        let error = KeyError(.unavailable, detail: "no key\u{1B}[2J")
        #expect(!OperationFailure.sentence(for: error).contains("\u{1B}"))
    }
}
