import FoundationEssentials
import MediaModel
import MediaTesting
import Testing

@testable import MediaHTTP

@Suite struct ManifestTests {
    private struct Fields: Decodable, Equatable {
        var quality: Double?
        var ssim: Double?
        var loss: String?
        var encodes: Int?
    }

    private static func fields(of choice: EncodingChoice?) throws -> Fields {
        let version = Samples.version()
        let sample = Samples.renditions(of: version)[0]
        let rendition = Rendition(preset: sample.preset, size: sample.size, blob: sample.blob, choice: choice)
        let entry = Manifest.Entry(rendition, of: version.ref, baseURL: "")
        return try JSONDecoder().decode(Fields.self, from: try JSONEncoder().encode(entry))
    }

    @Test func whatTheEncoderWasFoundToNeedIsShown() throws {
        #expect(try Self.fields(of: nil) == Fields())
        let searched = EncodingChoice(quality: 71.5, ssim: 0.9851, encodes: 3)
        #expect(try Self.fields(of: searched) == Fields(quality: 71.5, ssim: 0.9851, encodes: 3))
        let exact = EncodingChoice(loss: .lossless, encodes: 2)
        #expect(try Self.fields(of: exact) == Fields(loss: "lossless", encodes: 2))
        let nearly = EncodingChoice(loss: .nearLossless, encodes: 3)
        #expect(try Self.fields(of: nearly) == Fields(loss: "near-lossless", encodes: 3))
    }
}
