import MediaModel
import Testing

@testable import MediaHTTP

@Suite struct AcceptedFormatsTests {
    private static let all: [RenditionFormat] = [.avif, .webp, .jpeg]

    /// What browsers have sent, by what was said of them when they did.
    @Test(arguments: [
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", RenditionFormat.avif),
        ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", .avif),
        ("image/webp,image/apng,image/*,*/*;q=0.8", .webp),
        ("image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", .jpeg),
        ("*/*", .jpeg), ("image/*", .jpeg),
    ])
    func aClientGetsTheBestThatItNames(field: String, expected: RenditionFormat) {
        #expect(AcceptedFormats(field).best(of: Self.all) == expected)
    }

    @Test(arguments: [
        ("image/webp", RenditionFormat.webp), ("IMAGE/WebP", .webp), ("image/webp;q=0.001", .webp),
        ("image/jpeg", .jpeg),
        ("image/jpeg,image/webp;q=0.1", .webp), (" image/avif ; q=1.000 , image/webp", .avif),
        ("image/webp;Q=0.5", .webp), ("image/webp;q=1;ext=1", .webp), ("text/html,\timage/webp", .webp),
        // Refused by the rule that fits best, whatever the others say.
        ("image/avif;q=0,image/webp", .webp), ("image/webp;q=0,*/*", .jpeg), ("image/*;q=0,image/webp", .webp),
        ("image/jpeg;q=0,*/*", .webp), ("image/jpeg;q=0,image/webp;q=0.000,*/*;q=0.1", .avif),
        // Of two weights the one that takes it counts.
        ("image/webp,image/webp;q=0", .webp), ("image/webp;q=0,image/webp", .webp),
        // Nothing that suits: what everybody shows.
        ("text/html", .jpeg), ("*/*;q=0", .jpeg), ("image/png", .jpeg), ("", .jpeg), (",,", .jpeg),
        // No media range of ours, or no weight, counts as not there.
        ("image/webp;q=2", .jpeg), ("image/webp;q=1.5", .jpeg), ("image/webp;q=0.0001", .jpeg),
        ("image/webp;q=", .jpeg),
        ("image/webp;q=.5", .jpeg), ("image/webp;level=1", .jpeg), ("image/webp2", .jpeg), ("image/we bp", .jpeg),
        ("image/webp;q=-1", .jpeg), ("webp", .jpeg), ("image/", .jpeg),
    ])
    func theFieldIsReadByTheLetter(field: String, expected: RenditionFormat) {
        #expect(AcceptedFormats(field).best(of: Self.all) == expected, "\(field)")
    }

    @Test func withoutTheFieldEverybodysFormatIsGiven() {
        #expect(AcceptedFormats(nil).best(of: Self.all) == .jpeg)
        #expect(AcceptedFormats(nil).best(of: [.avif, .webp]) == .webp)
    }

    /// When the best cannot be had: a wildcard is enough then, and a refusal still one.
    @Test(arguments: [
        ("image/avif,image/webp", true), ("image/avif,image/*;q=0.8", true), ("*/*", true), (nil, true),
        ("image/avif", false), ("image/avif,image/webp;q=0,*/*", false), ("image/*;q=0,*/*", false), ("", false),
    ])
    func whatIsTakenInsteadIsNotRefused(field: String?, isTaken: Bool) {
        #expect(AcceptedFormats(field).takes(.webp) == isTaken)
    }

    @Test func onlyWhatThePresetAllowsIsChosen() {
        for field in ["image/avif,image/webp,image/jpeg", "*/*", "text/html", "image/avif;q=0"] {
            for formats in [[RenditionFormat.webp], [.webp, .jpeg], [.avif, .webp]] {
                #expect(formats.contains(AcceptedFormats(field).best(of: formats)))
            }
        }
        #expect(AcceptedFormats("image/avif,image/*").best(of: [.webp, .jpeg]) == .jpeg)
        #expect(AcceptedFormats("image/avif,image/webp").best(of: [.webp, .jpeg]) == .webp)
        #expect(AcceptedFormats("text/html").best(of: [.avif, .webp]) == .webp)
    }
}
