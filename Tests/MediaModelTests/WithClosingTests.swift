import MediaModel
import Testing

@Suite struct WithClosingTests {
    private enum Failure: Error {
        case body
        case close
    }

    @Test func itIsClosedOnceAndAfterwards() async throws {
        var steps: [String] = []
        let value = try await withClosing {
            steps.append("body")
            return 7
        } close: {
            steps.append("close")
        }
        #expect(value == 7)
        #expect(steps == ["body", "close"])
    }

    @Test func theFirstFailureIsTheOneThatIsTold() async {
        var closed = 0
        await #expect(throws: Failure.body) {
            try await withClosing {
                throw Failure.body
            } close: {
                closed += 1
                throw Failure.close
            }
        }
        #expect(closed == 1)
        await #expect(throws: Failure.close) {
            try await withClosing {
            } close: {
                throw Failure.close
            }
        }
    }
}
