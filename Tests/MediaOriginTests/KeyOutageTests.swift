import MediaModel
import MediaTesting
import Testing

@testable import MediaOrigin

@Suite("A key provider's outage") struct KeyOutageTests {
    private let away = KeyError(.unreachable, detail: "test")
    private let key = EnvelopeKeyID("k1")

    @Test("is remembered for 1 s at first, for 30 s at most", arguments: [0.0, 0.5, 1.0])
    func delays(luck: Double) {
        let delays = (1...40).map { KeyOutages.delay(after: $0, luck: luck) }
        #expect(delays.allSatisfy { $0 >= .seconds(1) && $0 <= .seconds(30) })
        #expect(zip(delays, delays.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(delays[0] == .seconds(1 + luck))
        #expect(delays[39] == .seconds(15 + 15 * luck))
    }

    @Test("that is the provider's own stands in everybody's way, and one goes to see whether it is over")
    func oneProbe() {
        var outages = KeyOutages()
        #expect(outages.obstacle(to: .key(self.key), of: .current, at: .zero, luck: 0) == nil)
        outages.failed(.key(self.key), of: .current, self.away, at: .zero, luck: 0)
        for scope in [KeyOutages.Scope.key(self.key), .key(EnvelopeKeyID("k2")), .epoch(.default)] {
            #expect(
                (outages.obstacle(to: scope, of: .current, at: .milliseconds(999), luck: 0) as? KeyError)?.code
                    == .unreachable
            )
        }
        #expect(outages.obstacle(to: .epoch(.default), of: .current, at: .seconds(1), luck: 0) == nil)
        #expect(outages.obstacle(to: .key(self.key), of: .current, at: .seconds(1), luck: 0) != nil)
        outages.succeeded(.epoch(.default), of: .current)
        #expect(outages.obstacle(to: .key(self.key), of: .current, at: .seconds(1), luck: 0) == nil)
        #expect(outages.any == nil)
    }

    @Test("of one part of the provider stands in no way of the other, and is not over when the other works")
    func ofOnePart() {
        var outages = KeyOutages()
        outages.failed(.epoch(.default), of: .current, self.away, at: .zero, luck: 0)
        #expect(outages.obstacle(to: .key(self.key), of: .former, at: .zero, luck: 0) == nil)
        #expect(outages.obstacle(to: .key(self.key), of: .current, at: .zero, luck: 0) != nil)
        outages.succeeded(.key(self.key), of: .former)
        #expect(outages.obstacle(to: .epoch(.default), of: .current, at: .zero, luck: 0) != nil)
        #expect(outages.any != nil)
    }

    @Test("that is about one key stands in that key's way alone")
    func ofOneKey() {
        var outages = KeyOutages()
        outages.failed(.key(self.key), of: .current, KeyError(.disabled, detail: "test"), at: .zero, luck: 0)
        #expect(outages.obstacle(to: .key(self.key), of: .current, at: .zero, luck: 0) != nil)
        #expect(outages.obstacle(to: .epoch(.default), of: .current, at: .zero, luck: 0) == nil)
        outages.succeeded(.epoch(.default), of: .current)
        #expect((outages.any as? KeyError)?.code == .disabled)
        outages.forget(self.key)
        #expect(outages.any == nil)
    }
}
