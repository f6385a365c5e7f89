/// Makes renditions of pictures. The codecs behind it are isolated: whatever a picture does to them, the caller gets an
/// answer, in time.
///
/// Contract:
/// - One decode serves all presets of a job.
/// - Waiting jobs are bounded in number and in time. One too many, and one that would wait too long, is refused at once
///   with `.busy` and, where it can be told, how long to stay away.
/// - More urgent jobs go first, equally urgent ones in the order of their coming; none waits for ever.
/// - A job that is not done at its deadline ends with `.deadline`; a codec that dies ends its own job with `.crashed`
///   and nobody else's. Where somebody waits, the deadline counts from the call.
/// - Errors are ``RenderError``.
package protocol Renderer: Sendable {
    /// - Parameters:
    ///   - job: what to make.
    ///   - source: the picture; it is asked for its bytes only once the job has a codec to run on, so that waiting jobs
    ///     hold no picture in memory. Its opening is read before.
    ///   - priority: who waits for it.
    func render(_ job: RenderJob, source: any PictureSource, priority: RenderPriority) async throws -> RenderOutcome

    /// Throws `.busy` where a job is not worth preparing: it would most likely be refused. Does not block and promises
    /// nothing; for callers with something to do before they render, such as reading a body.
    func checkRoom(for priority: RenderPriority) throws
}

/// Who waits for a render job, the most urgent first.
package enum RenderPriority: String, Sendable, Hashable, CaseIterable {
    /// A reader waits for a rendition that is not there as it should be.
    case reader
    /// A client waits for the answer to its upload.
    case upload
    /// Nobody waits: an upload that was answered before, repairs, a batch.
    case background
}

/// Where a job's picture comes from.
package protocol PictureSource: Sendable {
    /// Bytes in all; at least 1.
    var bytes: Int { get }

    /// The first bytes, ``PictureOutline/openingBytesMax`` of them or all; fewer, or none, only make the estimate of
    /// the job's cost worse. Called before the job is admitted, so it must be quick.
    func opening() async throws -> [UInt8]

    /// Calls `body` with the picture's bytes in order, in pieces of any size. `body` keeps up by suspending.
    func forEachChunk(_ body: ([UInt8]) async throws -> Void) async throws
}

/// What to make of a picture.
package struct RenderJob: Sendable, Hashable, Codable {
    /// As sniffed; it names the one decoder that may see the bytes.
    package let format: PictureFormat
    package let limits: PictureLimits
    /// May be empty: then the picture is decoded and measured only.
    package let presets: [Preset]
    /// What is known of where to cut.
    package let aim: Aim
    /// Whether the outcome is to say what the picture looks like. Without presets it does not: nothing is looked at.
    package let wantsImpression: Bool

    package init(
        format: PictureFormat,
        limits: PictureLimits,
        presets: [Preset],
        aim: Aim = .none,
        wantsImpression: Bool = false
    ) {
        self.format = format
        self.limits = limits
        self.presets = presets
        self.aim = aim
        self.wantsImpression = wantsImpression
    }

    /// Whether the outcome says what the picture looks like.
    package var givesImpression: Bool { self.wantsImpression && !self.presets.isEmpty }
}

/// What a picture turned out to be.
package struct PictureFacts: Sendable, Hashable, Codable {
    /// Upright, one frame.
    package let size: PictureSize
    /// 1 for a still.
    package let frames: Int

    package init(size: PictureSize, frames: Int) {
        self.size = size
        self.frames = frames
    }
}

/// One rendition, encoded.
package struct RenderedPicture: Sendable, Hashable {
    package let preset: Preset
    package let size: PictureSize
    package let bytes: [UInt8]
    /// What the encoder was found to need; nil where it did as the recipe says.
    package let choice: EncodingChoice?

    package init(preset: Preset, size: PictureSize, bytes: [UInt8], choice: EncodingChoice? = nil) {
        self.preset = preset
        self.size = size
        self.bytes = bytes
        self.choice = choice
    }
}

/// How long the parts of a job took, in microseconds of wall time. Planes are resized while they are decoded, and that
/// is all `decode`.
package struct RenderTimings: Sendable, Hashable, Codable {
    package var queue: Int
    package var decode: Int
    package var resize: Int
    package var encode: Int

    package init(queue: Int = 0, decode: Int = 0, resize: Int = 0, encode: Int = 0) {
        self.queue = queue
        self.decode = decode
        self.resize = resize
        self.encode = encode
    }
}

/// How a picture went from file to renditions.
package enum RenderPath: String, Sendable, Hashable, CaseIterable, Codable {
    /// A JPEG's planes became a WebP's without being pixels in between.
    case planes
    /// By way of pixels, as every picture can.
    case general
}

/// What a job came to.
package struct RenderOutcome: Sendable, Hashable {
    package let facts: PictureFacts
    /// In the order of the job's presets.
    package let renditions: [RenderedPicture]
    package let timings: RenderTimings
    package let path: RenderPath
    /// There exactly where the job asked for it (``RenderJob/givesImpression``).
    package let impression: Impression?

    package init(
        facts: PictureFacts,
        renditions: [RenderedPicture],
        timings: RenderTimings,
        path: RenderPath = .general,
        impression: Impression? = nil
    ) {
        self.facts = facts
        self.renditions = renditions
        self.timings = timings
        self.path = path
        self.impression = impression
    }
}

/// Why there is no rendition.
package struct RenderError: Error, Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
        package let description: String
        // The picture's fault; the same picture will fail again.
        /// The decoder says that these bytes are no sound picture of their format.
        package static let undecodable = Code(description: "undecodable-picture")
        /// A sound picture that this build cannot decode (for example an animated AVIF).
        package static let unsupported = Code(description: "unsupported-picture")
        /// Over a limit of ``PictureLimits``.
        package static let tooManyPixels = Code(description: "too-many-pixels")
        package static let tooManyFrames = Code(description: "too-many-frames")
        package static let sideTooLong = Code(description: "side-too-long")
        // The picture's fault, most likely.
        /// The codec did not finish in time.
        package static let deadline = Code(description: "render-deadline")
        /// The codec died of it, or answered what no sound codec answers.
        package static let crashed = Code(description: "codec-crashed")
        /// Such a picture has cost codec processes before: no codec gets it again.
        package static let quarantined = Code(description: "quarantined-picture")
        // Ours.
        /// As many jobs wait as may wait.
        package static let busy = Code(description: "busy")
        /// No codec process can be started, or one was killed from outside.
        package static let unavailable = Code(description: "renderer-unavailable")

        /// Whether a codec that was sound has said what is wrong with the picture.
        package var isVerdict: Bool {
            [.undecodable, .unsupported, .tooManyPixels, .tooManyFrames, .sideTooLong].contains(self)
        }

        /// Whether another attempt with the same picture can end otherwise: it is we who are short.
        package var isRetryable: Bool { self == .busy || self == .unavailable }
    }

    package let code: Code
    /// For logs: the codec's own words. Never for a client.
    package let detail: String
    /// Whether the codec's process was lost to this picture: it died of it, lied, or would not stop at its deadline.
    package let costAWorker: Bool
    /// When another attempt is likely to be taken, where that can be told.
    package let retryAfter: Duration?

    package init(_ code: Code, detail: String, costAWorker: Bool = false, retryAfter: Duration? = nil) {
        self.code = code
        self.detail = detail
        self.costAWorker = costAWorker
        self.retryAfter = retryAfter
    }

    package var description: String { "render: \(self.code)" }
    /// With the detail: for logs.
    package var debugDescription: String { "\(self), \(self.detail)" }
}
