import Testing

@testable import MediaHTTP

@Suite struct PeerPaceTests {
    static let patience = PeerPatience(
        idle: .seconds(30),
        head: .seconds(10),
        stall: .seconds(10),
        bytesPerSecondMin: 1000
    )

    var pace = PeerPace(Self.patience)
    var sample = PeerPace.Sample(step: .idle, received: 0, isAwaited: true, sent: 0, acknowledged: 0)

    /// Looks every second until something is wrong, `change` before each look; nil after `seconds`.
    mutating func verdict(
        within seconds: Int,
        _ change: (inout PeerPace.Sample, Int) -> Void = { _, _ in }
    ) -> (verdict: PeerPace.Verdict, second: Int)? {
        for second in 1...seconds {
            change(&self.sample, second)
            let verdict = self.pace.judge(self.sample, after: .seconds(1))
            if verdict != .fine { return (verdict, second) }
        }
        return nil
    }

    @Test mutating func silenceBetweenRequestsEnds() throws {
        let found = self.verdict(within: 100)
        let end = try #require(found)
        #expect(end == (.idle, 30))
    }

    @Test mutating func aRequestNowAndThenIsEnough() {
        let end = self.verdict(within: 1000) { sample, second in if second % 20 == 0 { sample.received += 100 } }
        #expect(end == nil)
    }

    @Test mutating func aHeadHasATimeHoweverItsBytesDrip() throws {
        self.sample.step = .head(3)
        let found = self.verdict(within: 100) { sample, _ in sample.received += 100_000 }
        let end = try #require(found)
        #expect(end == (.slowHead, 11))
    }

    @Test mutating func eachHeadHasATimeOfItsOwn() {
        let end = self.verdict(within: 100) { sample, second in sample.step = .head(second / 9) }
        #expect(end == nil)
    }

    @Test mutating func aConnectionWithoutStreamsEndsWhateverComesOnIt() throws {
        self.sample.step = .noStream(1)
        let found = self.verdict(within: 100) { sample, _ in sample.received += 17 }
        let end = try #require(found)
        #expect(end == (.idle, 41))
    }

    @Test mutating func eachStreamThatEndsGivesNewTime() {
        let end = self.verdict(within: 1000) { sample, second in sample.step = .noStream(second / 39) }
        #expect(end == nil)
    }

    @Test(arguments: [(1000, true), (999, false), (0, false)])
    mutating func aBodyHasALeastRate(bytesPerSecond: Int, isFine: Bool) {
        self.sample.step = .body
        let end = self.verdict(within: 100) { sample, _ in sample.received += bytesPerSecond }
        #expect((end == nil) == isFine)
        #expect(isFine || end?.verdict == .slowBody && end?.second == 10)
    }

    @Test mutating func whatWeDoNotReadIsNotThePeersFault() {
        self.sample.step = .body
        self.sample.isAwaited = false
        let end = self.verdict(within: 1000)
        #expect(end == nil)
    }

    @Test mutating func theTimeThatAnAnswerTakesIsOurs() {
        self.sample.step = .answering
        let end = self.verdict(within: 1000)
        #expect(end == nil)
    }

    @Test mutating func aReaderThatReadsNothingIsSlow() throws {
        self.sample.sent = 50_000
        let found = self.verdict(within: 100)
        let end = try #require(found)
        #expect(end == (.slowReader, 11))
    }

    @Test mutating func aReaderThatReadsATrickleIsSlow() throws {
        self.sample.step = .answering
        let found = self.verdict(within: 100) { sample, _ in
            sample.sent += 100_000
            sample.acknowledged += 999
        }
        let end = try #require(found)
        #expect(end.verdict == .slowReader)
    }

    @Test mutating func aReaderAtTheLeastRateIsNot() {
        self.sample.sent = 1_000_000
        let end = self.verdict(within: 900) { sample, _ in sample.acknowledged += 1000 }
        #expect(end == nil)
    }

    /// Somebody who asks for little, and is always in the middle of reading it when looked at.
    @Test mutating func littleThatIsReadInTimeIsEnough() {
        let end = self.verdict(within: 1000) { sample, _ in
            sample.acknowledged = sample.sent
            sample.sent += 10
        }
        #expect(end == nil)
    }

    @Test mutating func nobodyIsIdleWhoHasYetToReadTheAnswer() throws {
        self.sample.sent = 1_000_000
        let found = self.verdict(within: 2000) { sample, _ in
            sample.acknowledged = min(1_000_000, sample.acknowledged + 2000)
        }
        let end = try #require(found)
        #expect(end.verdict == .idle)
        #expect(end.second > 500)
    }
}

@Suite struct ChunkOverheadTests {
    @Test func chunksOfOneByteAreAllowed() {
        var overhead = ChunkOverhead()
        var refusals = 0
        for _ in 0..<100_000 where overhead.isExceeded(byBytes: 6, data: 1, parts: 1) { refusals += 1 }
        #expect(refusals == 0)
    }

    @Test func extensionsAreNotWithoutEnd() {
        var overhead = ChunkOverhead()
        var chunks = 0
        while !overhead.isExceeded(byBytes: 106, data: 1, parts: 1) { chunks += 1 }
        #expect(chunks == ChunkOverhead.excessBytesMax / 87)
    }

    @Test func oneExtensionCannotBeLongerThanTheLimit() {
        var overhead = ChunkOverhead()
        let atLimit = overhead.isExceeded(byBytes: ChunkOverhead.excessBytesMax, data: 0, parts: 0)
        #expect(!atLimit)
        let beyond = overhead.isExceeded(byBytes: 1, data: 0, parts: 0)
        #expect(beyond)
    }
}
