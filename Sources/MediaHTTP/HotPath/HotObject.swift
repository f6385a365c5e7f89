import HTTPTypes
import MediaOrigin
import NIOCore

/// The answers about one rendition, serialised but for the status line and `Date`.
final class HotObject: Sendable {
    /// The request target, as it has to be on the wire.
    let path: [UInt8]
    /// The header fields of a 200, and the empty line.
    let fields: ByteBuffer
    /// The header fields of a 304, and the empty line.
    let notModifiedFields: ByteBuffer
    /// With its quotes.
    let etag: [UInt8]
    let body: HotBody
    let seat: RenditionSeat

    /// - Parameters:
    ///   - target: the canonical path of the rendition.
    ///   - body: its bytes, as they are sent.
    init(target: String, headers: DeliveryHeaders, body: HotBody, seat: RenditionSeat) {
        self.path = Array(target.utf8)
        self.fields = Self.serialise(headers.whole.headerFields)
        self.notModifiedFields = Self.serialise(headers.common)
        self.etag = Array(headers.etag.utf8)
        self.body = body
        self.seat = seat
    }

    /// What an object takes of memory besides its body, about: its heads, its path, and the table's own books.
    static func overheadBytes(_ headers: DeliveryHeaders) -> Int {
        Self.serialise(headers.whole.headerFields).capacity + Self.serialise(headers.common).capacity + 512
    }

    private static func serialise(_ fields: HTTPFields) -> ByteBuffer {
        var fields = fields
        fields[.cacheStatus] = DeliveryTrace.hit
        let lines = fields.map { "\($0.name.rawName): \($0.value)\r\n" }
        return ByteBuffer(string: lines.joined() + "\r\n")
    }
}
