import FoundationEssentials
import HTTPTypes
import MediaOrigin

extension IncomingBody {
    /// A small JSON document, whole and as it was sent.
    ///
    /// - Throws: `json-required`, `content-too-large`, `upload-timeout`.
    func json(bytesMax: Int) async throws -> Data {
        guard HeaderParameters(self.fields[.contentType] ?? "")?.value == "application/json" else {
            throw Problem.jsonRequired
        }
        do {
            guard try self.announcedBytes() ?? 0 <= bytesMax else { throw OriginError(.tooLarge) }
            var chunks = self.chunks(bytesMax: bytesMax)
            var bytes: [UInt8] = []
            while let more = try await chunks.next() { bytes += more }
            return Data(bytes)
        } catch let error as OriginError where error.code == .tooLarge {
            throw Problem.bodyTooLarge(bytesMax: bytesMax)
        }
    }
}
