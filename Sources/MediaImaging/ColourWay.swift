/// How the pixels of a stream become 8-bit sRGB. Decided once for all its frames: they share one profile, and frames of
/// one animation must not differ in their colours.
enum ColourWay: Hashable, Sendable {
    /// They are already.
    case plain
    /// By the embedded ICC profile; for inks without one by libvips' own.
    case byProfile
    /// By what the format says of its numbers.
    case bySpace

    /// Reads the header and describes a conversion at most; no pixel is decoded.
    init(of stream: borrowing VipsImageHandle) {
        let isPlain = stream.profile.map(ColourProfile.isSRGB) ?? true
        if isPlain, stream.isEightBitSRGB {
            self = .plain
        } else if !isPlain || stream.isCMYK, let trial = try? stream.convertedByProfile(), trial.bands >= 3 {
            self = .byProfile
        } else {
            // A profile that is broken, or made for another kind of picture, is no reason to refuse the picture:
            // viewers ignore it.
            self = .bySpace
        }
    }
}
