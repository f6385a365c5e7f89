/// The container of a WebP (RFC 9649 §2.5 ff.), to take out of it what is no picture.
///
/// libvips 8.14.1 writes an EXIF chunk into every WebP: where the image has none left, it makes one up for the
/// resolution. Taking chunks out of the finished file holds whatever the library does; the image was cleared before all
/// the same, for a large profile would be copied about.
enum WebPContainer {
    private static let metadata: Set<String> = ["EXIF", "XMP ", "ICCP"]
    /// `RIFF`, size, `WEBP`.
    private static let headerBytes = 12
    /// FourCC and size.
    private static let chunkHeaderBytes = 8
    /// The flags of a `VP8X` chunk that announce ICC profile, EXIF and XMP; alpha (0x10) and animation (0x02) remain.
    private static let metadataFlags: UInt8 = 0x20 | 0x08 | 0x04
    private static let pictureFlags: UInt8 = 0x10 | 0x02

    /// - Parameter file: as our encoder wrote it; what does not parse to its end is given back as it is.
    static func withoutMetadata(_ file: UnsafeRawBufferPointer) -> [UInt8] {
        let reader = ByteReader(file)
        var kept = [UInt8](file.prefix(Self.headerBytes))
        kept.reserveCapacity(file.count)
        var offset = Self.headerBytes
        while offset < file.count {
            guard let name = reader.name(offset), let length = reader.littleEndian32(offset + 4),
                let chunk = reader.slice(offset, Self.chunkHeaderBytes + length + length % 2)
            else { return [UInt8](file) }
            offset += chunk.count
            if Self.metadata.contains(name) { continue }
            if name == "VP8X" { kept += Self.extendedHeader(chunk) } else { kept += chunk }
        }
        let size = UInt32(kept.count - Self.chunkHeaderBytes)
        for index in 0..<4 { kept[4 + index] = UInt8(truncatingIfNeeded: size >> (8 * UInt32(index))) }
        return kept
    }

    /// Without the flags of what was taken out; nothing where nothing but metadata called for the extended format.
    private static func extendedHeader(_ chunk: UnsafeRawBufferPointer) -> [UInt8] {
        var chunk = [UInt8](chunk)
        chunk[Self.chunkHeaderBytes] &= ~Self.metadataFlags
        return chunk[Self.chunkHeaderBytes] & Self.pictureFlags == 0 ? [] : chunk
    }
}
