import MediaModel
import Testing

@Suite("A version's number")
struct VersionNumberTests {
    @Test("after a loss is a thousand more, as far as there are numbers")
    func afterLoss() {
        #expect(VersionNumber(7).afterLoss == VersionNumber(1007))
        #expect(VersionNumber(999_998_999).afterLoss == .max)
        #expect(VersionNumber(999_999_000).afterLoss == .max)
        #expect(VersionNumber.max.afterLoss == .max)
    }
}
