import MediaModel

/// Walks a PNG's chunks (W3C PNG, third edition, §5.3): length (BE32), type, data, CRC.
enum PNGPrescan {
    private static let signatureBytes = 8
    /// Length, type and CRC around a chunk's data.
    private static let overheadBytes = 12
    /// The longest ancillary chunk that libpng may see; longer ones that nobody needs are left out. 57 bytes that
    /// announce a text chunk of 2 GB made libpng 1.6.39 allocate 1 GB before it noticed that the file had ended.
    static let ancillaryBytesMax = 8 << 20
    /// How many bytes of chunks that nobody needs may stay. Deflate expands by 1032 at the most: these unpack to 4 MB,
    /// where a text chunk of 200 kB unpacks to 200 MB.
    static let idleBytesMax = 4096
    /// The ancillary chunks that the pipeline reads: transparency, colour profile, orientation.
    private static let wanted: Set<String> = ["tRNS", "iCCP", "eXIf"]

    struct Chunk {
        let type: String
        let offset: Int
        /// As the chunk says.
        let dataBytes: Int
        /// Behind the chunk, or at the end of the file where that comes first.
        let end: Int
        /// Bit 5 of the first byte (§5.4): a decoder may do without the chunk.
        var isAncillary: Bool { self.type.utf8.first.map { $0 & 0x20 != 0 } ?? false }
        var isIdle: Bool { self.isAncillary && !PNGPrescan.wanted.contains(self.type) }
    }

    /// - Returns: the file without the chunks that nobody needs, when they are many bytes; otherwise nil.
    static func check(_ reader: ByteReader, limits: PictureLimits) throws(RenderError) -> [UInt8]? {
        var offset = Self.signatureBytes
        var idleBytes = 0
        var isFirst = true
        while let chunk = try Self.chunk(reader, at: offset) {
            if isFirst { try Self.admitHeader(reader, chunk, limits) }
            isFirst = false
            if chunk.isIdle { idleBytes += chunk.end - chunk.offset }
            offset = chunk.end
            if chunk.type == "IEND" { break }
        }
        guard !isFirst else { throw RenderError(.undecodable, detail: "png: no chunk") }
        return idleBytes > Self.idleBytesMax ? try Self.withoutIdleChunks(reader) : nil
    }

    /// - Returns: nil at the end of the file; an end without `IEND` is libpng's to judge.
    static func chunk(_ reader: ByteReader, at offset: Int) throws(RenderError) -> Chunk? {
        guard let length = reader.bigEndian32(offset), let type = reader.name(offset + 4) else { return nil }
        let end = offset + Self.overheadBytes + length
        let chunk = Chunk(type: type, offset: offset, dataBytes: length, end: min(end, reader.count))
        // libpng reads pixels piece by piece, and may have them all before the file ends.
        guard end <= reader.count || type == "IDAT" || type == "IEND" else {
            throw RenderError(.undecodable, detail: "png: a chunk at \(offset) is longer than the file")
        }
        guard !chunk.isAncillary || chunk.isIdle || length <= Self.ancillaryBytesMax else {
            throw RenderError(.undecodable, detail: "png: an ancillary chunk of \(length) bytes at \(offset)")
        }
        return chunk
    }

    private static func admitHeader(
        _ reader: ByteReader,
        _ chunk: Chunk,
        _ limits: PictureLimits
    ) throws(RenderError) {
        guard chunk.type == "IHDR", chunk.dataBytes == 13, let width = reader.bigEndian32(chunk.offset + 8),
            let height = reader.bigEndian32(chunk.offset + 12)
        else { throw RenderError(.undecodable, detail: "png: the first chunk is no IHDR") }
        try limits.admit(PictureSize(width: width, height: height))
    }

    private static func withoutIdleChunks(_ reader: ByteReader) throws(RenderError) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(reader.count)
        var offset = Self.signatureBytes
        if let signature = reader.slice(0, Self.signatureBytes) { kept += signature }
        while let chunk = try Self.chunk(reader, at: offset) {
            if !chunk.isIdle, let bytes = reader.slice(chunk.offset, chunk.end - chunk.offset) { kept += bytes }
            offset = chunk.end
            if chunk.type == "IEND" { break }
        }
        return kept
    }
}
