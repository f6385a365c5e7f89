/// Why nothing could be measured, or compared. Its description is for the user, and says what to do.
package struct BenchError: Error, CustomStringConvertible, Equatable {
    /// What is wrong: the service, or what was asked for.
    package enum Code: Sendable {
        /// It does not answer, or not as it should.
        case service
        /// What was asked for makes no sense.
        case usage
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    static func unanswered(_ name: String, _ tally: SlotTally) -> BenchError {
        BenchError(
            .service,
            """
            \(name): none of \(tally.requests) requests was answered as it should be: \(tally.failureText)
              look into the service's log; --endpoint chooses others
            """
        )
    }
}
