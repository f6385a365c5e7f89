import CZlib
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// gzip for JSON and other text. Never for pictures, which are compressed already, nor for parts of anything:
/// deliveries do not come by here.
enum TextCompression {
    /// Below, the fields that gzip needs cost what it saves.
    static let bytesMin = 1024
    /// Of 1 to 9: beyond it, JSON gets little smaller and takes twice the time.
    private static let level = 6

    /// On every text, compressed or not.
    static let vary = HTTPField.Name.acceptEncoding.rawName

    /// The answer as the client wants it. `Vary` is there whatever that is, so that a cache never gives the one to a
    /// client that asked for the other.
    static func apply(to response: Response, for request: HTTPFields) async throws -> Response {
        guard Self.isText(response.headers[.contentType]) else { return response }
        var response = response
        response.headers[.vary] = Self.vary
        guard Self.isWanted(request), response.headers[.contentEncoding] == nil,
            let length = response.body.contentLength, length >= Self.bytesMin,
            let compressed = Self.gzip(try await response.body.collected())
        else { return response }
        // Sets the length, too.
        response.body = ResponseBody(byteBuffer: compressed)
        response.headers[.contentEncoding] = "gzip"
        return response
    }

    private static let otherTexts = ["application/json", "application/problem+json", "application/openmetrics-text"]

    private static func isText(_ mediaType: String?) -> Bool {
        guard let type = mediaType?.prefix(while: { $0 != ";" }) else { return false }
        return type.hasPrefix("text/") || Self.otherTexts.contains(String(type))
    }

    /// `X-No-Compression` is for who looks at the wire, whatever its value.
    private static func isWanted(_ request: HTTPFields) -> Bool {
        guard request[.noCompression] == nil, let accepted = request[.acceptEncoding] else { return false }
        return AcceptEncoding(accepted).prefersGzip
    }

    /// Nil where that makes nothing smaller, or cannot be done.
    private static func gzip(_ bytes: ByteBuffer) -> ByteBuffer? {
        let bytesMax = czlib_gzip_bytes_max(bytes.readableBytes)
        var compressed = ByteBuffer()
        let count = compressed.writeWithUnsafeMutableBytes(minimumWritableBytes: bytesMax) { output in
            bytes.withUnsafeReadableBytes { input in
                czlib_gzip(
                    input.bindMemory(to: UInt8.self).baseAddress,
                    input.count,
                    Int32(Self.level),
                    output.bindMemory(to: UInt8.self).baseAddress,
                    output.count
                )
            }
        }
        return count > 0 && count < bytes.readableBytes ? compressed : nil
    }
}

extension ResponseBody {
    /// All of it. For bodies that are in memory anyway.
    fileprivate func collected() async throws -> ByteBuffer {
        let collector = BodyCollector()
        try await self.write(collector)
        return collector.bytes
    }
}

private final class BodyCollector: ResponseBodyWriter, Sendable {
    private let collected = Mutex(ByteBuffer())

    var bytes: ByteBuffer { self.collected.withLock { $0 } }

    func write(_ buffer: ByteBuffer) async throws { _ = self.collected.withLock { $0.writeImmutableBuffer(buffer) } }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
