import MediaModel
import MediaOrigin
import NIOCore

/// A rendition whose bytes are in memory.
final class HotObject: Sendable {
    let head: HotHead
    /// The header fields of a 200, and the empty line.
    let fields: ByteBuffer
    let body: HotBody
    let seat: RenditionSeat

    /// - Parameter body: its bytes, as they are sent.
    init(_ head: HotHead, body: HotBody, seat: RenditionSeat) {
        self.head = head
        self.fields = head.fieldsOfHit
        self.body = body
        self.seat = seat
    }
}

/// A rendition whose bytes are in the sealed store.
final class StoredObject: Sendable {
    let head: HotHead
    let blob: BlobShortcut

    init(_ head: HotHead, blob: BlobRecord) {
        self.head = head
        self.blob = BlobShortcut(blob)
    }
}
