import CVipsShim
import Glibc
import MediaModel

@testable import MediaImaging

/// Pictures that are neither flat nor noise, as far as encoders go: the same each time.
enum Scene {
    /// Hills, edges and grain, 3 bands or 4.
    static func photograph(width: Int, height: Int, bands: Int = 3, grain: Int = 12) throws -> VipsImageHandle {
        var seed: UInt32 = 1
        var samples: [UInt8] = []
        samples.reserveCapacity(width * height * bands)
        for top in 0..<height {
            for left in 0..<width {
                seed = seed &* 1_664_525 &+ 1_013_904_223
                let noise = Double(Int(seed >> 16) % (grain * 2 + 1) - grain)
                let hills =
                    60 * sin(Double(left) / 17) * cos(Double(top) / 23) + Double((left / 40 + top / 30) % 2 * 40)
                for band in 0..<3 {
                    let value = 110 + hills * (1 - Double(band) / 5) + noise
                    samples.append(UInt8(max(0, min(255, value))))
                }
                if bands == 4 { samples.append(left < width / 4 ? 0 : left < width / 2 ? 128 : 255) }
            }
        }
        return try VipsImageHandle {
            cvips_from_samples(samples, samples.count, CInt(width), CInt(height), CInt(bands), "srgb", $0)
        }
    }

    /// Bars, blocks and a frame in a dozen colours: what a chart or a screenshot is made of.
    static func drawing(width: Int, height: Int) throws -> VipsImageHandle {
        var samples = [UInt8](repeating: 250, count: width * height * 3)
        for top in 0..<height {
            for left in 0..<width where top / 9 % 3 == 1 && left % 61 < (left / 61 * 7 + 13) % 50 {
                let colour = UInt8(truncatingIfNeeded: left / 61 * 37 + top / 9 * 11)
                for band in 0..<3 { samples[(top * width + left) * 3 + band] = colour &* UInt8(band + 1) }
            }
        }
        return try VipsImageHandle {
            cvips_from_samples(samples, samples.count, CInt(width), CInt(height), 3, "srgb", $0)
        }
    }
}
