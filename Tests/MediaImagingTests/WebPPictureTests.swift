import CPixels
import CVipsShim
import CWebP
import MediaModel
import Testing

@testable import MediaImaging

/// libwebp without libvips in between.
struct WebPPictureTests {
    init() throws { _ = try VipsEngine.start() }

    private static func byLibvips(
        _ image: borrowing VipsImageHandle,
        quality: Int,
        effort: Int,
        lossless: Bool = false
    ) throws -> [UInt8] {
        try image.withoutMetadata().encodedAsWebP(quality: quality, effort: effort, lossless: lossless)
    }

    /// What libvips makes with the same settings, to the byte: nothing is lost by leaving it out.
    @Test(arguments: [3, 4], [(80, 4), (1, 0), (100, 6), (55, 2)])
    func theFileIsTheOneThatLibvipsMakes(_ bands: Int, _ settings: (quality: Int, effort: Int)) throws {
        let image = try Scene.photograph(width: 333, height: 217, bands: bands)
        let (quality, effort) = (settings.quality, settings.effort)
        let picture = try WebPPictureHandle(image.shared())
        let lossy = try picture.encoded(WebPSettings(quality: Double(quality), effort: effort))
        let theirs = try Self.byLibvips(image, quality: quality, effort: effort)
        #expect(lossy == theirs)
        let exact = try picture.encoded(WebPSettings(quality: Double(quality), effort: effort, loss: .lossless))
        let theirsExact = try Self.byLibvips(image, quality: quality, effort: effort, lossless: true)
        // libvips announces transparency in a chunk before a picture that says so itself.
        #expect(chunks(of: exact) == ["VP8L"])
        #expect(theirsExact.suffix(exact.count - 12) == exact.dropFirst(12))
    }

    /// One import serves all: what was encoded before leaves no trace.
    @Test(arguments: [3, 4]) func theOrderOfEncodingsDoesNotMatter(_ bands: Int) throws {
        let all = [
            WebPSettings(quality: 80, effort: 4), WebPSettings(quality: 20, effort: 0),
            WebPSettings(quality: 80, effort: 4, loss: .lossless),
            WebPSettings(quality: 80, effort: 4, loss: .nearLossless), WebPSettings(quality: 63.5, effort: 2),
        ]
        let picture = try WebPPictureHandle(try Scene.photograph(width: 100, height: 75, bands: bands))
        var first: [[UInt8]] = []
        for settings in all { first.append(try picture.encoded(settings)) }
        #expect(Set(first).count == all.count)
        for (settings, file) in zip(all, first).reversed() {
            let again = try picture.encoded(settings)
            #expect(again == file)
        }
        for (settings, file) in zip(all, first) {
            let alone = try WebPPictureHandle(try Scene.photograph(width: 100, height: 75, bands: bands))
            let made = try alone.encoded(settings)
            #expect(made == file)
        }
    }

    @Test func halfAPointOfQualityCounts() throws {
        let picture = try WebPPictureHandle(try Scene.photograph(width: 300, height: 200))
        var bytes: [Int] = []
        for quality in [70, 70.5, 71.5] {
            bytes.append(try picture.encoded(WebPSettings(quality: quality, effort: 4)).count)
        }
        #expect(bytes[0] < bytes[1] && bytes[1] < bytes[2], "\(bytes)")
    }

    @Test(arguments: [3, 4]) func nothingIsInTheFileButThePicture(_ bands: Int) throws {
        let image = try Scene.photograph(width: 64, height: 64, bands: bands)
        let secret = Array("<x:xmpmeta>secret</x:xmpmeta>".utf8)
        for name in ["xmp-data", "exif-data", "icc-profile-data"] {
            image.asking { cvips_set_blob($0, name, secret, secret.count) }
        }
        let file = try WebPPictureHandle(image).encoded(WebPSettings(quality: 80, effort: 4))
        #expect(chunks(of: file) == (bands == 4 ? ["VP8X", "ALPH", "VP8 "] : ["VP8 "]))
        #expect(!String(decoding: file, as: UTF8.self).contains("secret"))
    }

    /// Planes that are handed in are what is encoded, whatever their strides, and are not written to.
    @Test(arguments: [(64, 48), (65, 47), (1, 1), (17, 3)])
    func planesAreTakenAsTheyAre(_ width: Int, _ height: Int) throws {
        let (stride, half) = (width + 9, (width + 1) / 2 + 5)
        let y = (0..<stride * height).map { UInt8(16 + ($0 % stride * 3 + $0 / stride * 2) % 219) }
        let u = [UInt8](repeating: 100, count: half * ((height + 1) / 2))
        let v = [UInt8](repeating: 160, count: half * ((height + 1) / 2))
        let size = PictureSize(width: width, height: height)
        try y.withUnsafeBufferPointer { y in
            try u.withUnsafeBufferPointer { u in
                try v.withUnsafeBufferPointer { v in
                    let planes = Planes(
                        size: size,
                        y: try #require(y.baseAddress),
                        u: try #require(u.baseAddress),
                        v: try #require(v.baseAddress),
                        yStride: stride,
                        uvStride: half
                    )
                    let picture = try WebPPictureHandle(planes)
                    let file = try picture.encoded(WebPSettings(quality: 100, effort: 4))
                    #expect(try Decoded(file).size == size)
                    let (luma, made) = (try picture.luma(), try picture.luma(of: file))
                    #expect(luma[0] == 0 && luma.count == width * height)
                    for (one, other) in zip(luma, made) { #expect(abs(Int(one) - Int(other)) < 24) }
                    let isFlat = picture.isFlatArt(within: .max)
                    #expect(!isFlat)
                    do throws(RenderError) {
                        _ = try picture.encoded(WebPSettings(quality: 80, effort: 4, loss: .lossless))
                        Issue.record("planes were kept without loss")
                    } catch { #expect(error.detail.contains("settings")) }
                }
            }
        }
        #expect(u.allSatisfy { $0 == 100 } && v.allSatisfy { $0 == 160 })
    }

    /// Whatever a caller gets wrong is refused before anything is read.
    @Test func whatDoesNotFitIsRefused() {
        let samples = [UInt8](repeating: 0, count: 4096)
        #expect(cwebp_import_pixels(samples, 30, 3, 10, 10) != nil)
        for (stride, bands, width, height) in [
            (29, 3, 10, 10), (30, 2, 10, 10), (30, 5, 10, 10), (30, 4, 10, 10), (0, 3, 0, 10), (30, 3, 10, 0),
            (30, 3, -1, 10), (30, 3, 10, -1), (65536, 3, 16384, 1), (30, 3, 1, 16384), (Int.max, 3, 10, 10),
        ] {
            #expect(cwebp_import_pixels(samples, stride, CInt(bands), CInt(width), CInt(height)) == nil)
        }
        for (y, uv, width, height) in [
            (9, 5, 10, 10), (10, 4, 10, 10), (11, 5, 11, 10), (10, 5, 0, 10), (10, 5, 10, 0), (.max, 5, 10, 10),
            (10, .max, 10, 10),
        ] {
            #expect(cwebp_import_yuv(samples, y, samples, samples, uv, CInt(width), CInt(height)) == nil)
        }
    }

    @Test func settingsThatThereAreNotAreRefused() throws {
        let picture = try WebPPictureHandle(try Scene.photograph(width: 8, height: 8))
        for (quality, effort) in [(-1.0, 4), (100.5, 4), (.nan, 4), (80, -1), (80, 7)] {
            do throws(RenderError) {
                _ = try picture.encoded(WebPSettings(quality: quality, effort: effort))
                Issue.record("\(quality), \(effort)")
            } catch { #expect(error.detail.contains("settings")) }
        }
    }

    @Test func theLumaOfAnythingElseIsNone() throws {
        let picture = try WebPPictureHandle(try Scene.photograph(width: 32, height: 32))
        let other = try WebPPictureHandle(try Scene.photograph(width: 33, height: 32))
        let file = try other.encoded(WebPSettings(quality: 80, effort: 4))
        for bytes in [[], Array("RIFF".utf8), file, Array(file.prefix(file.count / 2))] {
            do throws(RenderError) {
                _ = try picture.luma(of: bytes)
                Issue.record("\(bytes.count) bytes")
            } catch { #expect(error.code == .undecodable) }
        }
    }

    /// The same figure as from the pixels that a client sees, computed on the way through RGB.
    @Test func theLumaIsTheOneThatIsSeen() throws {
        let (width, height) = (200, 150)
        let image = try Scene.photograph(width: width, height: height)
        let picture = try WebPPictureHandle(image.shared())
        let exact = try picture.encoded(WebPSettings(quality: 80, effort: 4, loss: .lossless))
        let lossy = try picture.encoded(WebPSettings(quality: 60, effort: 4))
        func seen(_ file: [UInt8]) throws -> [UInt8] {
            let decoded = try Decoded(file)
            return (0..<width * height).map { index in
                let rgb = decoded.pixel(index % width, index / width).map(Double.init)
                return UInt8((0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]).rounded())
            }
        }
        func ssim(_ one: [UInt8], _ other: [UInt8]) -> Double {
            cpixels_ssim(one, width, other, width, CInt(width), CInt(height))
        }
        let measured = ssim(try picture.luma(), try picture.luma(of: lossy))
        #expect(abs(measured - ssim(try seen(exact), try seen(lossy))) < 0.002)
        #expect(measured < 0.99)
    }
}
