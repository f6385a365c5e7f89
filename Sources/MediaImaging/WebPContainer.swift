/// The container of a WebP (RFC 9649 §2.5 ff.), to take out of it what is no picture, and to put in what its colours
/// mean.
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
    private static let metadataFlags: UInt8 = profileFlag | 0x08 | 0x04
    private static let pictureFlags: UInt8 = alphaFlag | 0x02
    private static let profileFlag: UInt8 = 0x20
    private static let alphaFlag: UInt8 = 0x10

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

    /// - Parameter file: as ``withoutMetadata(_:)`` leaves it; what does not parse to its end is given back as it is.
    static func withProfile(_ profile: [UInt8], in file: [UInt8]) -> [UInt8] {
        let extended: [UInt8]? = file.withUnsafeBytes { bytes in
            let reader = ByteReader(bytes)
            guard let name = reader.name(Self.headerBytes), let header = Self.header(reader, first: name) else {
                return nil
            }
            let isExtended = name == "VP8X"
            let rest = file.dropFirst(Self.headerBytes + (isExtended ? header.count : 0))
            return header + Self.chunk("ICCP", profile) + rest
        }
        guard let extended else { return file }
        return Array("RIFF".utf8) + Self.littleEndian(extended.count + 4, 4) + Array("WEBP".utf8) + extended
    }

    /// A `VP8X` chunk that announces a profile (§2.7): the file's own, or one for its only picture.
    private static func header(_ reader: ByteReader, first name: String) -> [UInt8]? {
        let data = Self.headerBytes + Self.chunkHeaderBytes
        switch name {
        case "VP8X":
            guard let chunk = reader.slice(Self.headerBytes, Self.chunkHeaderBytes + 10) else { return nil }
            var header = [UInt8](chunk)
            header[Self.chunkHeaderBytes] |= Self.profileFlag
            return header
        case "VP8 ":
            // RFC 6386 §9.1.
            guard let width = reader.littleEndian16(data + 6), let height = reader.littleEndian16(data + 8) else {
                return nil
            }
            return Self.extended(width & 0x3FFF, height & 0x3FFF, hasAlpha: false)
        case "VP8L":
            // RFC 9649 §3.4: two sides of 14 bits, less one, then whether alpha is used.
            guard let bits = reader.littleEndian32(data + 1) else { return nil }
            return Self.extended((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, hasAlpha: bits >> 28 & 1 == 1)
        default: return nil
        }
    }

    private static func extended(_ width: Int, _ height: Int, hasAlpha: Bool) -> [UInt8] {
        let flags = Self.profileFlag | (hasAlpha ? Self.alphaFlag : 0)
        return Self.chunk(
            "VP8X",
            [flags, 0, 0, 0] + Self.littleEndian(width - 1, 3) + Self.littleEndian(height - 1, 3)
        )
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        Array(name.utf8) + Self.littleEndian(data.count, 4) + data + [UInt8](repeating: 0, count: data.count % 2)
    }

    private static func littleEndian(_ value: Int, _ bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// Without the flags of what was taken out; nothing where nothing but metadata called for the extended format.
    private static func extendedHeader(_ chunk: UnsafeRawBufferPointer) -> [UInt8] {
        var chunk = [UInt8](chunk)
        chunk[Self.chunkHeaderBytes] &= ~Self.metadataFlags
        return chunk[Self.chunkHeaderBytes] & Self.pictureFlags == 0 ? [] : chunk
    }
}
