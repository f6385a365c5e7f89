import HTTPTypes
import Hummingbird
import MediaOrigin
import NIOCore

/// The body of a request as it arrives, within its size and its time, and counted.
///
/// Hummingbird's idle timeout starts anew with every part, so a body that drips would live for ever; here the whole
/// body has one deadline, looked at whenever something arrives.
struct RequestChunks: UploadBody {
    /// One task pulls, call after call; Hummingbird's iterator is not marked for that.
    private nonisolated(unsafe) var iterator: RequestBody.AsyncIterator
    private let deadline: ContinuousClock.Instant
    private let received: @Sendable (Int) -> Void
    private var bytesLeft: Int

    /// - Parameters:
    ///   - bytesMax: of the whole body, whatever is in it.
    ///   - received: told of the bytes of each part that arrives.
    init(
        _ body: RequestBody,
        bytesMax: Int,
        deadline: ContinuousClock.Instant,
        received: @escaping @Sendable (Int) -> Void
    ) {
        self.iterator = body.makeAsyncIterator()
        self.bytesLeft = bytesMax
        self.deadline = deadline
        self.received = received
    }

    mutating func next() async throws -> [UInt8]? {
        while let buffer = try await self.iterator.next() {
            guard ContinuousClock.now < self.deadline else {
                throw Problem(
                    code: "upload-timeout",
                    status: .requestTimeout,
                    title: "Upload too slow",
                    detail: "The body did not arrive in the time allowed. Try again on a faster connection."
                )
            }
            self.received(buffer.readableBytes)
            self.bytesLeft -= buffer.readableBytes
            guard self.bytesLeft >= 0 else { throw OriginError(.tooLarge) }
            if buffer.readableBytes > 0 { return Array(buffer.readableBytesView) }
        }
        return nil
    }
}

/// The bytes of the one part named `file` of a multipart/form-data body (RFC 7578). Other parts are read and dropped.
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
