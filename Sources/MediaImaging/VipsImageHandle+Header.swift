import CVipsShim
import MediaModel

/// What a picture's header says. Nothing here decodes a pixel.
extension VipsImageHandle {
    var width: Int { self.asking { Int(cvips_width($0)) } }
    /// Of the whole strip, when it is an animation.
    var height: Int { self.asking { Int(cvips_height($0)) } }
    /// Of one frame.
    var pageHeight: Int { self.asking { Int(cvips_page_height($0)) } }
    /// Pages that the file says it has, loaded or not.
    var pages: Int { self.asking { Int(cvips_pages($0)) } }
    var bands: Int { self.asking { Int(cvips_bands($0)) } }
    /// The EXIF orientation, 1 ... 8; what is no legal value reads as 1 (upright).
    var orientation: Int { self.asking { Int(cvips_orientation($0)) } }
    var hasAlpha: Bool { self.asking { cvips_has_alpha($0) != 0 } }
    var isCMYK: Bool { self.asking { cvips_is_cmyk($0) != 0 } }
    /// In numbers of red, green and blue, of 8 or 16 bits each.
    var isRGB: Bool { self.asking { cvips_is_rgb($0) != 0 } }
    var isEightBitSRGB: Bool { self.asking { cvips_is_srgb8($0) != 0 } }
    var size: PictureSize { PictureSize(width: self.width, height: self.height) }

    /// How long each frame stands, in milliseconds; empty where the file does not say.
    var delays: [CInt] {
        self.asking { image in
            var count: CInt = 0
            guard let delays = cvips_delays(image, &count) else { return [] }
            return Array(UnsafeBufferPointer(start: delays, count: Int(count)))
        }
    }

    /// How often an animation is played, 0 for ever; negative where the file does not say.
    var loop: CInt { self.asking { cvips_loop($0) } }

    /// The length of the embedded ICC profile; 0 when there is none.
    var profileBytes: Int {
        self.asking { image in
            var count = 0
            return cvips_profile(image, &count) == nil ? 0 : count
        }
    }

    /// The embedded ICC profile.
    var profile: [UInt8]? {
        self.asking { image in
            var count = 0
            guard let bytes = cvips_profile(image, &count) else { return nil }
            return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
        }
    }
}
