import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import MediaModel
import MediaOrigin
import NIOCore

/// `GET` and `HEAD` of `/a/…`: which rendition, whether the client has it already, which part of it, then its bytes.
struct DeliveryHandler: Sendable {
    let deliver: Deliver
    let hot: HotTable
    let profile: CDNProfile

    /// - Parameter note: told where the bytes came from, and of a body that cannot be read to its end.
    func callAsFunction(
        _ request: Request,
        path: DeliveryPath,
        noting note: @escaping @Sendable (AnswerNote) -> Void
    ) async throws -> Response {
        let moment = self.hot.moment
        let trace = DeliveryTrace()
        let accepted = AcceptedFormats(path.isNegotiated ? request.headers[.accept] : nil)
        let found = try await self.deliver.find(
            path,
            choosing: accepted.best,
            settlingFor: accepted.takes,
            tracing: trace
        )
        let headers = DeliveryHeaders(found, path: path, profile: self.profile)
        let conditions = ConditionalRequest(
            fields: request.headers,
            etag: headers.etag,
            lastModifiedSeconds: headers.lastModifiedSeconds,
            datesCount: path.version != .latest
        )
        switch conditions.evaluate() {
        case .notModified:
            // Nothing was read; but it may have been made first.
            note(AnswerNote(delivery: trace.result == .render ? .render : .hit))
            return .withoutContent(.notModified, headers.common)
        case .preconditionFailed: throw Problem.preconditionFailed
        case .proceed: break
        }
        // RFC 9110 §14.2: Range means something for GET only.
        let range = request.method == .get && conditions.ifRangeAllowsRange ? request.headers[.range] : nil
        switch ByteRange.evaluate(range, total: found.rendition.blob.bytes) {
        case .whole:
            let all = 0..<found.rendition.blob.bytes
            let answer = try await self.answer(found, headers.whole, range: all, request, trace, note)
            if let held = answer.held { self.hot.admit(found, at: path, headers, held, since: moment) }
            return answer.response
        case .part(let part):
            return try await self.answer(found, headers.part(part), range: part, request, trace, note).response
        case .unsatisfiable: throw Problem.rangeNotSatisfiable(total: found.rendition.blob.bytes)
        }
    }

    /// The answer, and what the memory cache has of the object where it was read from there.
    private func answer(
        _ found: DeliverableRendition,
        _ head: HTTPResponse,
        range: Range<Int>,
        _ request: Request,
        _ trace: DeliveryTrace,
        _ note: @escaping @Sendable (AnswerNote) -> Void
    ) async throws -> (response: Response, held: (any HeldBytes)?) {
        // NIO's encoder would send the body of a HEAD, so none is made; but what a GET could not have, it does not
        // promise.
        guard request.method == .get else {
            try await self.deliver.check(found.rendition, tracing: trace)
            note(AnswerNote(delivery: trace.result))
            return (Response(status: head.status, headers: head.headerFields + trace.fields), nil)
        }
        let read = try await self.deliver.read(found.rendition, range: range, tracing: trace)
        let fields = head.headerFields + trace.fields
        note(AnswerNote(delivery: trace.result))
        switch read {
        case .whole(let held, let range):
            let part = held.withUnsafeBytes { ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
            return (Response(status: head.status, headers: fields, body: ResponseBody(byteBuffer: part)), held)
        case .stream(let reader, let range):
            return (
                Response(status: head.status, headers: fields, body: ResponseBody(reader, range, noting: note)), nil
            )
        }
    }
}

extension ResponseBody {
    /// A part of a blob, read and verified as it is sent. A chunk that does not verify ends the connection in the
    /// middle: a short answer is never completed.
    ///
    /// - Parameter note: told where a piece could not be read; a client that has gone is none of that.
    init(_ reader: SealedBlobReader, _ range: Range<Int>, noting note: @escaping @Sendable (AnswerNote) -> Void) {
        // It is written when the responder has returned, where no line would name the request any more.
        let logger = Logger.current
        self.init(contentLength: range.count) { writer in
            do {
                for piece in reader.pieces(of: range) {
                    let bytes: [UInt8]
                    do {
                        bytes = try await reader.read(piece)
                    } catch {
                        // A service that stops cancels what is left.
                        if !(error is CancellationError) { note(AnswerNote(isCutShort: true)) }
                        throw error
                    }
                    try await writer.write(ByteBuffer(bytes: bytes))
                }
                try await writer.finish(nil)
            } catch {
                // Readers go away in the middle all day long.
                let level: Logger.Level = ProblemTable.isOfClientGone(error) ? .debug : .error
                logger.log(
                    level: level,
                    "Delivery cut short",
                    metadata: ["error": "\(String(reflecting: error))"]
                )
                throw error
            }
        }
    }
}
