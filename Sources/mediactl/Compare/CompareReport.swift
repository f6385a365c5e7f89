import MediaModel
import MediaRuntime

/// What a comparison prints.
struct CompareReport: Encodable {
    struct Side: Encodable {
        let file: String
        let format: PictureFormat
        /// Pixels, upright.
        let width: Int
        let height: Int
        let frames: Int
        let bytes: Int

        init(_ source: CompareSource, _ facts: PictureFacts) {
            self.file = source.file.path
            self.format = source.format
            self.width = facts.size.width
            self.height = facts.size.height
            self.frames = facts.frames
            self.bytes = source.file.bytes
        }

        fileprivate var size: PictureSize { PictureSize(width: self.width, height: self.height) }
        fileprivate var isMoving: Bool { self.frames > 1 }
    }

    let first: Side
    let second: Side
    let ssim: Double
    /// Nil where they are equal.
    let psnr: Double?
    /// Whether the second was scaled.
    let resized: Bool
    let out: String?

    init(first: Side, second: Side, _ likeness: Likeness, out: String?) {
        self.first = first
        self.second = second
        self.ssim = likeness.ssim
        self.psnr = likeness.psnr
        self.resized = first.size != second.size
        self.out = out
    }

    /// For people.
    var lines: [String] {
        let sides = [self.first, self.second]
        var rows = [
            [""] + sides.map { Printable.text($0.file) },
            ["pixels"] + sides.map(\.size.text),
            ["bytes", "\(self.first.bytes)", "\(self.second.bytes) (\(self.share) of the first)"],
        ]
        if sides.contains(where: \.isMoving) { rows.append(["frames"] + sides.map { "\($0.frames)" }) }
        let noise = self.psnr.map { "\(BenchFigure.text($0, decimals: 2)) dB" } ?? "none: their luma is equal"
        return TextTable.lines(rows) + self.remarks + ["SSIM  \(BenchFigure.text(self.ssim, decimals: 5))"]
            + ["PSNR  \(noise)"]
    }

    private var share: String {
        BenchFigure.percent(Double(self.second.bytes) / Double(self.first.bytes))
    }

    private var remarks: [String] {
        var remarks: [String] = []
        if self.resized { remarks.append("the second is scaled to \(self.first.size.text) for this") }
        if self.first.isMoving || self.second.isMoving { remarks.append("first frames only are compared") }
        return remarks
    }
}

extension PictureSize {
    /// For people: `1280 × 960`.
    var text: String { "\(self.width) × \(self.height)" }
}
