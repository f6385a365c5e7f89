/// How to compare two pictures. Both are taken as they are seen: upright, in sRGB, on white where they let something
/// through, and an animation by its first frame.
package struct CompareJob: Sendable, Hashable, Codable {
    /// One of the two, as it lies there.
    package struct Picture: Sendable, Hashable, Codable {
        /// As sniffed; it names the one decoder that may see the bytes.
        package let format: PictureFormat
        /// At least 1.
        package let bytes: Int

        package init(format: PictureFormat, bytes: Int) {
            self.format = format
            self.bytes = bytes
        }
    }

    package let first: Picture
    package let second: Picture
    /// For each of them.
    package let limits: PictureLimits
    /// Whether a second picture of another size is scaled to the first one's. Else they are not compared.
    package let isResizing: Bool
    /// Whether to draw both and their difference.
    package let isDrawing: Bool

    package init(first: Picture, second: Picture, limits: PictureLimits, isResizing: Bool, isDrawing: Bool) {
        self.first = first
        self.second = second
        self.limits = limits
        self.isResizing = isResizing
        self.isDrawing = isDrawing
    }
}

/// Which of two pictures.
package enum ComparedPicture: String, Sendable, Hashable, Codable, CaseIterable {
    case first
    case second
}

/// How alike two pictures are in their luma (BT.601).
package struct Likeness: Sendable, Hashable, Codable {
    /// The mean structural similarity (Wang et al. 2004), -1 ... 1; 1 where they are equal.
    package let ssim: Double
    /// The peak signal-to-noise ratio in decibels, at least 0; nil where they are equal.
    package let psnr: Double?

    package init(ssim: Double, psnr: Double?) {
        self.ssim = ssim
        self.psnr = psnr
    }
}

/// What a comparison came to.
package struct Comparison: Sendable, Hashable {
    /// How many pictures stand side by side in a drawing: the first, the second, their difference.
    package static let panels = 3
    /// How many times larger than it is a difference is drawn.
    package static let differenceFactor = 8

    package let first: PictureFacts
    package let second: PictureFacts
    /// Nil where the sizes differ and the second was not to be resized.
    package let likeness: Likeness?
    /// A PNG of ``panels`` pictures of the first one's size; there where it was asked for and there is a likeness.
    package let drawing: [UInt8]?

    package init(first: PictureFacts, second: PictureFacts, likeness: Likeness?, drawing: [UInt8]?) {
        self.first = first
        self.second = second
        self.likeness = likeness
        self.drawing = drawing
    }
}

/// Why two pictures are not compared: what is wrong with one of them.
package struct CompareError: Error, Sendable, Hashable, CustomStringConvertible {
    package let picture: ComparedPicture
    package let cause: RenderError

    package init(_ picture: ComparedPicture, _ cause: RenderError) {
        self.picture = picture
        self.cause = cause
    }

    package var description: String { "\(self.cause), of the \(self.picture.rawValue) picture" }
}
