import MediaOrigin
import NIOCore

/// A body that the hot path sends, as the memory cache sees it.
enum HotBody: HeldBytes {
    /// Written with its head, in one call.
    case buffer(ByteBuffer)
    /// Sent by the kernel.
    case file(FileBody)

    /// - Parameter file: for large ones.
    init(_ bytes: UnsafeRawBufferPointer, in file: BodyFile?) {
        if bytes.count >= BodyFile.bodyBytesMin, let body = file?.take(bytes) {
            self = .file(body)
        } else {
            self = .buffer(ByteBuffer(bytes: bytes))
        }
    }

    var count: Int {
        switch self {
        case .buffer(let buffer): buffer.readableBytes
        case .file(let body): body.count
        }
    }

    /// What it takes of memory.
    var room: Int {
        switch self {
        case .buffer(let buffer): buffer.readableBytes
        case .file(let body): body.room
        }
    }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .buffer(let buffer): try buffer.withUnsafeReadableBytes(body)
        case .file(let file): try file.bytes.withUnsafeBytes(body)
        }
    }
}
