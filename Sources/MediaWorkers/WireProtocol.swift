import FoundationEssentials
package import MediaModel

/// What the pool and a worker say to each other, version 4.
///
/// They share a `SOCK_SEQPACKET` socket (descriptor 3 of the worker). A message is one datagram of at most
/// ``datagramBytesMax`` bytes: a JSON object, with at most one descriptor. Pictures and renditions travel in memory
/// files (memfd) that carry `F_SEAL_SHRINK`, `F_SEAL_GROW`, `F_SEAL_WRITE` and `F_SEAL_SEAL`: neither end can change
/// under the other's eyes what it has handed over.
///
/// ```
/// worker                                                     pool
///   │ ── Hello {version, codecs, formats, missing} ────────►  │  once, from inside the sandbox
///   │    or {version, reason}                                 │  there is none, and the worker ends
///   │ ◄── Request {version, id, pictureBytes,                 │  the picture, `pictureBytes` long; the worker gives
///   │              timeMilliseconds, work} + memory ───────── │  up by itself after `timeMilliseconds`. Work that
///   │                                                         │  compares has both pictures there, back to back
///   │ ── Reply {version, id, result} + memory ─────────────►  │  the renditions back to back, in the job's order;
///   │                                                         │  no memory where the job has no presets
///   │    or {version, id, comparison} + memory                │  the drawing; no memory where there is none
///   │    or {version, id, failure}                            │  no memory
/// ```
///
/// One request is under way at a time. A worker that has not answered a grace after its time is killed: a codec may be
/// where nothing can make it stop. The end of the socket means: finish. Each end checks what it gets (version, id,
/// lengths, seals, which error codes there are); a worker ends with status 1 when the pool breaks the rules, and the
/// pool kills and replaces a worker that does. Both programs come from one build, so there is no negotiation.
package enum WireProtocol {
    package static let version = 4
    package static let datagramBytesMax = 64 * 1024
    /// The longest that a worker may be given for a job: a day.
    package static let timeMillisecondsMax = 86_400_000
    /// How much of a codec's own words is passed on, in bytes of UTF-8.
    package static let detailBytesMax = 1024

    package struct Hello: Codable, Sendable, Equatable {
        package let version: Int
        /// For people: names and versions of the codec libraries.
        package let codecs: String
        /// What the worker can make.
        package let formats: Set<RenditionFormat>
        /// What the sandbox lacks, all of it named in the worker's arguments.
        package let missing: Set<SandboxPiece>

        package init(
            version: Int = WireProtocol.version,
            codecs: String,
            formats: Set<RenditionFormat>,
            missing: Set<SandboxPiece> = []
        ) {
            self.version = version
            self.codecs = codecs
            self.formats = formats
            self.missing = missing
        }
    }

    /// In place of a hello: why there will be none.
    package struct NoHello: Codable, Sendable, Equatable {
        package let version: Int
        /// For the operator.
        package let reason: String

        package init(version: Int = WireProtocol.version, reason: String) {
            self.version = version
            self.reason = reason
        }
    }

    /// What a worker is asked to do.
    package enum Work: Codable, Sendable, Equatable {
        case render(RenderJob)
        case compare(CompareJob)
    }

    package struct Request: Codable, Sendable, Equatable {
        package let version: Int
        package let id: UInt64
        /// Of one picture or of both.
        package let pictureBytes: Int
        /// How long the worker may take, 1 ... ``WireProtocol/timeMillisecondsMax``.
        package let timeMilliseconds: Int
        package let work: Work

        package init(
            version: Int = WireProtocol.version,
            id: UInt64,
            pictureBytes: Int,
            timeMilliseconds: Int,
            work: Work
        ) {
            self.version = version
            self.id = id
            self.pictureBytes = pictureBytes
            self.timeMilliseconds = timeMilliseconds
            self.work = work
        }

        /// How long the worker may take.
        var time: Duration { .milliseconds(self.timeMilliseconds) }
    }

    package struct Reply: Codable, Sendable, Equatable {
        package let version: Int
        /// The request's.
        package let id: UInt64
        /// Exactly one of `result`, `comparison` and `failure` is there.
        package let result: Result?
        package let comparison: CompareResult?
        package let failure: Failure?

        package init(version: Int = WireProtocol.version, id: UInt64, result: Result) {
            self.version = version
            self.id = id
            self.result = result
            self.comparison = nil
            self.failure = nil
        }

        package init(version: Int = WireProtocol.version, id: UInt64, comparison: CompareResult) {
            self.version = version
            self.id = id
            self.result = nil
            self.comparison = comparison
            self.failure = nil
        }

        package init(version: Int = WireProtocol.version, id: UInt64, failure: Failure) {
            self.version = version
            self.id = id
            self.result = nil
            self.comparison = nil
            self.failure = failure
        }
    }

    package struct Result: Codable, Sendable, Equatable {
        package let facts: PictureFacts
        /// In the order of the job's presets.
        package let renditions: [Piece]
        package let timings: RenderTimings
        package let path: RenderPath
        /// There exactly where the job asked for it (``RenderJob/givesImpression``).
        package let impression: Impression?

        package init(
            facts: PictureFacts,
            renditions: [Piece],
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

    /// One rendition in the reply's memory; it begins where the one before it ends.
    package struct Piece: Codable, Sendable, Equatable {
        package let size: PictureSize
        package let bytes: Int
        /// What the encoder was found to need; absent where it did as the recipe says.
        package let choice: EncodingChoice?

        package init(size: PictureSize, bytes: Int, choice: EncodingChoice? = nil) {
            self.size = size
            self.bytes = bytes
            self.choice = choice
        }
    }

    /// What a comparison came to; its drawing is the reply's memory.
    package struct CompareResult: Codable, Sendable, Equatable {
        package let first: PictureFacts
        package let second: PictureFacts
        package let likeness: Likeness?
        /// 0 where there is none.
        package let drawingBytes: Int

        package init(first: PictureFacts, second: PictureFacts, likeness: Likeness?, drawingBytes: Int) {
            self.first = first
            self.second = second
            self.likeness = likeness
            self.drawingBytes = drawingBytes
        }
    }

    package struct Failure: Codable, Sendable, Equatable {
        /// The description of one of ``WireProtocol/reportable``.
        package let code: String
        package let detail: String
        /// Whose fault it is, of two; nil where there is one picture, or neither is to blame.
        package let picture: ComparedPicture?

        package init(code: String, detail: String, picture: ComparedPicture? = nil) {
            self.code = code
            self.detail = detail
            self.picture = picture
        }
    }

    /// What a worker may say of a picture.
    package static let picturesFault: [RenderError.Code] = [
        .undecodable, .unsupported, .tooManyPixels, .tooManyFrames, .sideTooLong,
    ]

    /// The only errors that a worker may report. All others are the pool's to find out: a worker that could claim to be
    /// busy could make its picture be tried again for ever.
    ///
    /// `.deadline` is believed only once the worker's time has really passed; before, it is a lie like any other. After
    /// that it costs no more than it says: a worker that was taken over could as well have slept.
    package static let reportable = Self.picturesFault + [.deadline]
}

extension WireProtocol {
    /// - Throws: ``WorkerFailure`` when the message is too long for a datagram.
    package static func encode(_ message: some Encodable) throws -> [UInt8] {
        let bytes = [UInt8](try JSONEncoder().encode(message))
        guard bytes.count <= Self.datagramBytesMax else {
            throw WorkerFailure(.system, "a message of \(bytes.count) bytes; \(Self.datagramBytesMax) are allowed")
        }
        return bytes
    }

    /// - Throws: ``WorkerFailure`` when the bytes are no message of this type.
    package static func decode<Message: Decodable>(_ type: Message.Type, from bytes: [UInt8]) throws -> Message {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw WorkerFailure(.protocol, "\(bytes.count) bytes that are no \(type)")
        }
    }

    /// `text` cut to ``detailBytesMax`` and on one line: codecs quote what stands in a picture, and a picture must not
    /// be able to forge lines in our log.
    static func tamed(_ text: String) -> String {
        let bytes = text.utf8.prefix(Self.detailBytesMax).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}
