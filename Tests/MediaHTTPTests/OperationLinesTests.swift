import MediaOrigin
import Synchronization
import Testing

@testable import MediaHTTP

@Suite(.timeLimit(.minutes(5))) struct OperationLinesTests {
    @Test func everyTasksLinesArriveOnceAndInItsOrder() async {
        let lines = OperationLines()
        async let work: Void = withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for line in 0..<100 { await lines.report(OperationLine(.row, "\(task)", fields: ["n": "\(line)"])) }
                }
            }
            await group.waitForAll()
            await lines.finish(with: lines.end(nil))
        }
        var next = [String: Int]()
        var last: OperationLine?
        while case .line(let line)? = await lines.next() {
            last = line
            guard line.kind == .row else { continue }
            #expect(line.fields["n"] == "\(next[line.text, default: 0])")
            next[line.text, default: 0] += 1
        }
        await work
        #expect(next.count == 8 && next.values.allSatisfy { $0 == 100 })
        #expect(last == OperationLine(.done, "Done."))
        #expect(await lines.next() == nil)
    }

    @Test func nobodyWaitsForAReaderThatWent() async {
        let lines = OperationLines()
        async let first: Void = lines.report(OperationLine(.row, "first"))
        async let second: Void = lines.report(OperationLine(.row, "second"))
        // One is in hand now, the other waits.
        guard case .line = await lines.next() else { return #expect(Bool(false), "no line came") }
        lines.close()
        _ = await (first, second)
        await lines.report(OperationLine(.row, "third"))
        await lines.finish(with: lines.end(nil))
        #expect(await lines.next() == nil)
    }

    @Test func aCancelledReaderEnds() async {
        let lines = OperationLines()
        let reader = Task { await lines.next() }
        reader.cancel()
        #expect(await reader.value == nil)
        await lines.report(OperationLine(.row, "nobody reads this"))
    }

    @Test func refusalIsOnlyForOptionsThatWereNotBegunWith() async {
        let refusal = OperationOptionsError("'x' is no option")
        let early = OperationLines()
        async let refused: Void = early.finish(with: early.end(refusal))
        #expect(await early.next() == .refused(refusal))
        #expect(await early.next() == nil)
        await refused
        let late = OperationLines()
        // Also where nothing was sent yet: a line that is kept back is a beginning.
        await late.report(OperationLine(.done, "Done."))
        async let failed: Void = late.finish(with: late.end(refusal))
        let line = OperationLine(.failed, "'x' is no option", fields: ["code": "bad-options"])
        #expect(await late.next() == .line(line))
        #expect(await late.next() == nil)
        await failed
    }
}
