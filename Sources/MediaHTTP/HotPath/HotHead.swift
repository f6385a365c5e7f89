import HTTPTypes
import MediaOrigin
import NIOCore

/// The header fields of the answers about one rendition, serialised but for what a single answer adds: `Date`, and how
/// it came by its bytes.
final class HotHead: Sendable {
    private static let endOfHit = ByteBuffer(string: "Cache-Status: \(DeliveryTrace.hit)\r\n\r\n")

    /// The request target, as it has to be on the wire.
    let path: [UInt8]
    /// Of a 200, but for how it came by its bytes.
    let fields: ByteBuffer
    /// Of a 304, which needs none, and the empty line.
    let notModifiedFields: ByteBuffer
    /// With its quotes.
    let etag: [UInt8]

    /// - Parameter target: the canonical path of the rendition.
    init(target: String, _ headers: DeliveryHeaders) {
        self.path = Array(target.utf8)
        self.fields = Self.lines(headers.whole.headerFields)
        self.notModifiedFields = Self.ended(Self.lines(headers.common))
        self.etag = Array(headers.etag.utf8)
    }

    /// What it takes of memory, about, with a table's own books.
    var overheadBytes: Int { self.fields.capacity + self.notModifiedFields.capacity + 512 }

    /// Of a 200 whose bytes were in memory, and the empty line.
    var fieldsOfHit: ByteBuffer { Self.ended(self.fields) }

    /// What ends the fields of a 200 whose bytes were read in `time`.
    static func endOfMiss(isKept: Bool, time: Duration) -> ByteBuffer {
        let status = DeliveryTrace.miss(isKept: isKept)
        return ByteBuffer(
            string: "Cache-Status: \(status)\r\nServer-Timing: \(DeliveryTrace.metric(.decrypt, time))\r\n\r\n"
        )
    }

    private static func ended(_ fields: ByteBuffer) -> ByteBuffer {
        var ended = ByteBuffer()
        ended.reserveCapacity(fields.readableBytes + Self.endOfHit.readableBytes)
        ended.writeImmutableBuffer(fields)
        ended.writeImmutableBuffer(Self.endOfHit)
        return ended
    }

    private static func lines(_ fields: HTTPFields) -> ByteBuffer {
        ByteBuffer(string: fields.map { "\($0.name.rawName): \($0.value)\r\n" }.joined())
    }
}
