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
                    for line in 0..<100 {
                        await lines.send(.line(OperationLine(.row, "\(task)", fields: ["n": "\(line)"])))
                    }
                }
            }
            await group.waitForAll()
            await lines.send(.line(OperationLine(.done, "Done.")))
            lines.close()
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
        async let first: Void = lines.send(.line(OperationLine(.row, "first")))
        async let second: Void = lines.send(.line(OperationLine(.row, "second")))
        // One is in hand now, the other waits.
        guard case .line = await lines.next() else { return #expect(Bool(false), "no line came") }
        lines.close()
        _ = await (first, second)
        await lines.send(.line(OperationLine(.row, "third")))
        #expect(await lines.next() == nil)
    }

    @Test func aCancelledReaderEnds() async {
        let lines = OperationLines()
        let reader = Task { await lines.next() }
        reader.cancel()
        #expect(await reader.value == nil)
        await lines.send(.line(OperationLine(.row, "nobody reads this")))
    }

    @Test func aSenderIsNoFurtherThanItsReader() async {
        let lines = OperationLines()
        let refusal = OperationOptionsError("'x' is no option")
        async let sent: Void = lines.send(.refused(refusal))
        #expect(await lines.next() == .refused(refusal))
        async let end = lines.next()
        await sent
        lines.close()
        #expect(await end == nil)
    }
}
