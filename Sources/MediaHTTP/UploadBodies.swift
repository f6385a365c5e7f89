import HTTPTypes
import Hummingbird
import MediaOrigin
import NIOCore

/// What is known of a request's body before it is asked for, and what is to be done when it is.
struct IncomingBody: Sendable {
    let body: RequestBody
    let fields: HTTPFields
    /// How long all of it may take to arrive.
    let timeout: Duration
    /// Called once, before the first bytes are waited for: a client may wait to be told to send them.
    let wanted: @Sendable () -> Void

    /// - Parameter bytesMax: of the whole body, whatever is in it.
    func chunks(bytesMax: Int, digest: RunningContentDigest? = nil) -> RequestChunks {
        RequestChunks(self, bytesMax: bytesMax, digest: digest)
    }

    /// Nil without `Content-Length`. The parser lets digits through only; what does not fit is too large.
    func announcedBytes() throws(OriginError) -> Int? {
        guard let text = self.fields[.contentLength] else { return nil }
        guard let bytes = Int(text) else { throw OriginError(.tooLarge) }
        return bytes
    }

    /// Throws `unexpected-content` unless the body is empty. Who waits to be told to send one has one.
    func requireEmpty() async throws {
        guard self.fields[.contentLength].map({ $0.utf8.allSatisfy { $0 == UInt8(ascii: "0") } }) ?? true,
            self.fields[.expect] == nil
        else { throw Problem.unexpectedContent }
        var chunks = self.chunks(bytesMax: 0)
        do {
            while try await chunks.next() != nil {}
        } catch let error as OriginError where error.code == .tooLarge {
            throw Problem.unexpectedContent
        }
    }
}

/// The body of a request as it arrives, within its size and its time, and compared with its digest at its end.
///
/// Hummingbird's idle timeout starts anew with every part, so a body that drips would live for ever; here the whole
/// body has one deadline, looked at whenever something arrives.
struct RequestChunks: UploadBody {
    /// One task pulls, call after call; Hummingbird's iterator is not marked for that.
    private nonisolated(unsafe) var iterator: RequestBody.AsyncIterator
    private let deadline: ContinuousClock.Instant
    private var wanted: (@Sendable () -> Void)?
    private var bytesLeft: Int
    private var digest: RunningContentDigest?

    fileprivate init(_ source: IncomingBody, bytesMax: Int, digest: RunningContentDigest?) {
        self.iterator = source.body.makeAsyncIterator()
        self.deadline = ContinuousClock.now + source.timeout
        self.wanted = source.wanted
        self.bytesLeft = bytesMax
        self.digest = digest
    }

    /// Throws ``OriginError``: `.tooLarge`, `.digestMismatch`; and `upload-timeout`.
    mutating func next() async throws -> [UInt8]? {
        self.wanted?()
        self.wanted = nil
        while let buffer = try await self.iterator.next() {
            guard ContinuousClock.now < self.deadline else { throw Problem.uploadTimeout }
            self.bytesLeft -= buffer.readableBytes
            guard self.bytesLeft >= 0 else { throw OriginError(.tooLarge) }
            guard buffer.readableBytes > 0 else { continue }
            let bytes = Array(buffer.readableBytesView)
            self.digest?.update(bytes)
            return bytes
        }
        try self.digest?.check()
        self.digest = nil
        return nil
    }
}

/// The bytes of the one part named `file` of a multipart/form-data body (RFC 7578). Other parts are read and dropped.
///
/// Its end is the end of the whole body, so that whatever is wrong behind the picture is known before it is kept.
struct MultipartFile: UploadBody {
    static let fieldName = "file"

    private enum Place { case before, inside, other, after }

    private var chunks: RequestChunks
    private var parser: MultipartParser
    private var place = Place.before
    private var found = false

    init(_ chunks: RequestChunks, contentType: String) throws {
        self.chunks = chunks
        self.parser = try MultipartParser(contentType: contentType)
    }

    mutating func next() async throws -> [UInt8]? {
        while self.place != .after {
            guard let chunk = try await self.chunks.next() else {
                try self.parser.finish()
                self.place = .after
                break
            }
            let bytes = try self.take(try self.parser.consume(chunk))
            if !bytes.isEmpty { return bytes }
        }
        guard self.found else { throw MultipartError(.noFile, detail: "no part is named '\(Self.fieldName)'") }
        return nil
    }

    private mutating func take(_ events: [MultipartParser.Event]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for event in events {
            switch event {
            case .partBegan(let part) where part.name == Self.fieldName:
                guard !self.found else { throw MultipartError(.noFile, detail: "two parts are named 'file'") }
                self.found = true
                self.place = .inside
            case .partBegan: self.place = .other
            case .body(let data): if self.place == .inside { bytes += data }
            case .partEnded: self.place = .before
            case .finished: break
            }
        }
        return bytes
    }
}
