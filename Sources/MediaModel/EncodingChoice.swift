/// What an encoder was found to need, where that was searched for or measured and not said by the recipe.
package struct EncodingChoice: Sendable, Hashable, Codable {
    /// What is kept of the picture.
    package enum Loss: String, Sendable, Hashable, Codable {
        case lossy
        /// Lowest bits of what varies anyway are not kept.
        case nearLossless = "near-lossless"
        case lossless
    }

    /// Encodings that one rendition may take, all told.
    package static let encodesMax = 16

    package let loss: Loss
    /// Of a lossy one: the encoder's quality, 0 ... 100, to a tenth. Nil for the others.
    package let quality: Double?
    /// The mean SSIM of the luma between what was encoded and what a decoder makes of it, to four digits; nil
    /// where it was not measured.
    package let ssim: Double?
    /// Encodings that it took, 1 ... ``encodesMax``.
    package let encodes: Int

    package init(loss: Loss = .lossy, quality: Double? = nil, ssim: Double? = nil, encodes: Int) {
        self.loss = loss
        self.quality = quality.map { ($0 * 10).rounded() / 10 }
        self.ssim = ssim.map { ($0 * 10_000).rounded() / 10_000 }
        self.encodes = encodes
    }

    /// Whether an engine can have said so: it comes from a process that may be somebody else's by now.
    package var isPossible: Bool {
        (0...100).contains(self.quality ?? 0) && (-1...1).contains(self.ssim ?? 0)
            && (1...Self.encodesMax).contains(self.encodes) && (self.quality == nil) == (self.loss != .lossy)
    }
}
