import FoundationEssentials
import MediaTesting
import Testing

extension WireTests {
    /// The project's own pictures, sound, odd and broken, with the answers that `fixtures/pictures/INDEX.tsv` expects.
    @Suite struct FixtureWireTests {
        struct Row {
            let name: String
            let status: Int
            /// `WxH`, upright, perhaps followed by `xN` frames; `-` for what is refused.
            let size: String
        }

        static func rows() throws -> [Row] {
            let index = String(decoding: try Fixtures.bytes("pictures/INDEX.tsv"), as: UTF8.self)
            return try index.split(separator: "\n").dropFirst().map { line in
                let fields = line.split(separator: "\t").map(String.init)
                return Row(name: fields[0], status: try #require(Int(fields[2])), size: fields[3])
            }
        }

        @Test func everyPictureGetsItsAnswer() async throws {
            let rows = try Self.rows()
            #expect(rows.count > 60)
            try await Origin.with { origin in
                for row in rows {
                    let before = try origin.blobs().count
                    let response = try await origin.upload(try Fixtures.bytes("pictures/\(row.name)"))
                    #expect(response.status == row.status, "\(row.name): \(response.text)")
                    guard response.status == 201 else {
                        #expect(try origin.blobs().count == before, "\(row.name) left something behind")
                        continue
                    }
                    let source = try response.json(AssetJSON.self).source
                    let size = "\(source.width ?? 0)x\(source.height ?? 0)"
                    #expect(row.size == size || row.size.hasPrefix("\(size)x"), "\(row.name): \(size)")
                }
            }
        }

        /// The four chunks that may be in a WebP of ours; EXIF, XMP and ICC profiles have chunks of their own.
        @Test(arguments: ["private.jpg", "cmyk-profile.jpg", "p3.webp", "animated.gif", "orientation-6.jpg"])
        func noMetadataComesOut(name: String) async throws {
            try await Origin.with { origin in
                for entry in try await origin.asset(name).renditions.values {
                    let webp = try await origin.get(entry.url).body
                    for chunk in ["EXIF", "XMP ", "ICCP", "SECRET"] {
                        #expect(Self.find(Array(chunk.utf8), in: webp) == nil, "\(name) holds \(chunk)")
                    }
                }
            }
        }

        @Test func theThumbnailStandsStillAndThePreviewMoves() async throws {
            try await Origin.with { origin in
                let asset = try await origin.asset("animated.gif")
                let moving = try await origin.get(try asset.entry("preview").url).body
                let still = try await origin.get(try asset.entry("thumbnail").url).body
                #expect(Self.find(Array("ANIM".utf8), in: moving) != nil)
                #expect(Self.find(Array("ANIM".utf8), in: still) == nil)
            }
        }

        private static func find(_ needle: [UInt8], in bytes: [UInt8]) -> Int? {
            guard bytes.count >= needle.count else { return nil }
            return (0...bytes.count - needle.count).first { bytes[$0..<$0 + needle.count].elementsEqual(needle) }
        }
    }
}
